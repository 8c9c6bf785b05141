import { type Graph, unchanged, type Value } from "../../compiler/ir/graph.ts";
import type { Program } from "../../compiler/ir/program.ts";
import { verify } from "../../compiler/ops/verify.ts";
import { removeDeadCode } from "../../compiler/passes/remove-dead-code.ts";

/** A graph as a program of one stage, which replaces the graph's states; inference is what leads to `outputs`. */
export const programOf = (graph: Graph, outputs: readonly Value[] = []): Program => {
  const states = graph.states.filter(({ kind }) => kind === "parameter" || kind === "statistic").map(unchanged);
  const inference = removeDeadCode({ ...graph, outputs, states });
  const read = new Set(inference.nodes.flatMap(({ inputs }) => inputs.map((input) => input?.name)));
  const inputs = graph.inputs.filter(({ name }) => read.has(name));
  const isTrained = graph.states.some(({ next }) => next);
  return {
    inference: verify({ ...inference, inputs }),
    gradients: undefined,
    update: isTrained ? verify(graph) : undefined,
  };
};
