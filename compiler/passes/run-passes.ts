import type { Graph } from "../ir/graph.ts";
import { verify } from "../ops/verify.ts";

export type Pass = (graph: Graph) => Graph;

/** Runs passes in turn and verifies the graph before and after each; a defect names the pass that made it. */
export const runPasses = (graph: Graph, passes: Readonly<Record<string, Pass>>): Graph => {
  let current = verify(graph);
  for (const [name, pass] of Object.entries(passes)) {
    try {
      current = verify(pass(current));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`after the pass ${name}: ${reason}`, { cause: error });
    }
  }
  return current;
};
