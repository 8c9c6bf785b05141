import { names } from "../artifact/names.ts";
import type { Graph } from "../ir/graph.ts";
import type { NormalizedSpec } from "../ir/normalized-spec.ts";
import { createBuilder } from "../ops/builder.ts";
import { renameValues } from "../passes/rename-values.ts";
import { runPasses } from "../passes/run-passes.ts";
import { objectives } from "./objectives.ts";

/** Inference with the loss of its answers after it, by the targets as they are: what held-out clips are judged by. */
export const lowerEvaluation = (
  { objective, classes }: Pick<NormalizedSpec, "objective" | "classes">,
  inference: Graph,
): Graph => {
  const b = createBuilder(inference);
  const logits = inference.outputs.find(({ name }) => name === names.logits);
  if (!logits) throw new Error("inference has no logits");
  const targets = b.input(names.targets, { dtype: "float32", shape: ["batch", classes.length] });
  const loss = b.from({ path: "objective", role: "loss" }, () => objectives[objective].loss(b, logits, targets));
  return runPasses(b.finish([loss, ...inference.outputs]), {
    nameLoss: (graph) => renameValues(graph, new Map([[loss.name, names.loss]])),
  });
};
