import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { meanLoss } from "./mean-loss.ts";
import type { Predictions } from "./predictions.ts";

/** Beyond it a temperature says more of how few clips there are than of the model: where all are right, the best is 0. */
export const temperatureBounds = { least: 0.05, most: 20 } as const;

const goldenRatio = (Math.sqrt(5) - 1) / 2;
/** Halves the uncertainty of log T by 0.62 each: to 1e-9. */
const steps = 48;

/**
 * The temperature by which logits are divided so that the loss is the least (Guo, Pleiss, Sun, Weinberger 2017), within bounds.
 * The loss is convex in 1 / T, and so has one minimum in log T: found by golden section, in float64.
 */
export const fitTemperature = (
  { logits, targets }: Pick<Predictions, "logits" | "targets">,
  { objective, classes }: Pick<ArtifactMetadata, "objective" | "classes">,
): number => {
  const exact = Float64Array.from(logits);
  const lossAt = (log: number): number =>
    meanLoss(
      objective,
      exact.map((x) => x / Math.exp(log)),
      targets,
      classes.length,
    );
  let [low, high] = [Math.log(temperatureBounds.least), Math.log(temperatureBounds.most)];
  const bounds = [low, high] as const;
  for (let step = 0; step < steps; step++) {
    const [left, right] = [high - goldenRatio * (high - low), low + goldenRatio * (high - low)];
    if (lossAt(left) <= lossAt(right)) high = right;
    else low = left;
  }
  // A bound that is the best is met exactly.
  const best = [(low + high) / 2, ...bounds].reduce((a, b) => (lossAt(b) <= lossAt(a) ? b : a));
  return Math.exp(best);
};
