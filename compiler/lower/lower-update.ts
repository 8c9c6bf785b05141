/** The stage that steps: from gradients to the next parameters and optimizer states. It reads nothing of the batch. */
import { names } from "../artifact/names.ts";
import type { NormalizedSpec } from "../ir/normalized-spec.ts";
import { createBuilder, emptyGraph } from "../ops/builder.ts";
import { type Graph, type State, unchanged } from "../ir/graph.ts";
import { clipGradients } from "./clip-gradients.ts";
import { meanOfSums } from "./keep-gradients.ts";
import { gradientName } from "../artifact/names.ts";
import { declareLossScale, skipOverflow, unscaleGradients } from "./loss-scaling.ts";
import { optimizerRow } from "./optimizers/optimizers.ts";

/**
 * The mean of what was added up, unscaled, clipped, and the optimizer's step with it; where a gradient overflowed, none.
 * @param states the parameters, and the gradients that the stage before leaves
 */
export const lowerUpdate = (
  { precision, recipe: { accumulate }, clipNorm, optimizer, rateFactors }: NormalizedSpec,
  states: readonly State[],
): Graph => {
  const kept = new Set(states.map(({ value }) => value.name));
  const trained = states.filter(({ kind, value }) => kind === "parameter" && kept.has(gradientName(value.name)));
  const read = states.filter(({ kind }) => kind === "gradient");
  const b = createBuilder({ ...emptyGraph, states: [...trained, ...read].map(unchanged) });
  const learningRate = b.input(names.learningRate, { dtype: "float32", shape: [] });
  const lossScale = declareLossScale(b, precision);

  const sums = new Map(trained.map(({ value: { name } }) => [name, b.findState(gradientName(name))]));
  const means = accumulate > 1 ? meanOfSums(b, sums) : sums;
  const unscaled = lossScale ? unscaleGradients(b, lossScale, means) : means;
  const clipped = clipNorm === null ? unscaled : clipGradients(b, unscaled, clipNorm);
  const optimized = optimizerRow(optimizer).lower(
    b,
    optimizer,
    learningRate,
    trained.flatMap(({ value: parameter }) => {
      const gradient = clipped.get(parameter.name);
      return gradient ? [{ parameter, gradient, rateFactor: rateFactors.get(parameter.name) ?? 1 }] : [];
    }),
  );
  const updates = lossScale ? skipOverflow(b, lossScale, unscaled, optimized) : optimized;
  for (const { state, next } of updates) b.update(state, next);
  return b.finish([]);
};
