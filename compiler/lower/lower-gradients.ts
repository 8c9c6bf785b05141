/** The stage between a batch and the update: gradients of the loss, kept in states. */
import type { NormalizedSpec } from "../ir/normalized-spec.ts";
import { createBuilder } from "../ops/builder.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { gradients } from "../passes/gradients.ts";
import { addUpGradients, keepGradients } from "./keep-gradients.ts";
import { declareLossScale } from "./loss-scaling.ts";
import type { LoweredForward } from "./lower-loss.ts";

/**
 * The finished forward pass with its gradients after it.
 * @param trainable the parameters that are differentiated
 */
export const lowerGradients = (
  { precision, recipe: { accumulate } }: NormalizedSpec,
  { graph, targets, loss }: LoweredForward,
  trainable: readonly Value[],
): Graph => {
  const b = createBuilder(graph);
  const seed = declareLossScale(b, precision)?.scale ?? b.scalar(1);
  const found = gradients(graph, b, loss, trainable, seed);
  const updates = accumulate > 1 ? addUpGradients(b, found, targets) : keepGradients(b, found);
  for (const { state, next } of updates) b.update(state, next);
  return b.finish(graph.outputs);
};
