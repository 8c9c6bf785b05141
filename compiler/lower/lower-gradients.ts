/** The stage between a batch and the update: gradients of the loss, kept in states. */
import type { NormalizedSpec } from "../ir/normalized-spec.ts";
import { createBuilder } from "../ops/builder.ts";
import type { Graph } from "../ir/graph.ts";
import { gradients } from "../passes/gradients.ts";
import { addUpGradients, keepGradients } from "./keep-gradients.ts";
import { declareLossScale } from "./loss-scaling.ts";
import type { LoweredForward } from "./lower-loss.ts";

/** The forward pass with its gradients after it, of the parameters that are not frozen. */
export const lowerGradients = (
  { precision, rateFactors, recipe: { accumulate } }: NormalizedSpec,
  { graph, targets, loss }: LoweredForward,
): Graph => {
  const b = createBuilder(graph);
  const trained = graph.states.map(({ value }) => value).filter(({ name }) => rateFactors.get(name));
  const seed = declareLossScale(b, precision)?.scale ?? b.scalar(1);
  const found = gradients(graph, b, loss, trained, seed);
  const updates = accumulate > 1 ? addUpGradients(b, found, targets) : keepGradients(b, found);
  for (const { state, next } of updates) b.update(state, next);
  return b.finish(graph.outputs);
};
