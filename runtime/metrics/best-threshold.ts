import { type Ranking, countsOf } from "./rank-clips.ts";

/** What a class's detector does when it takes every clip that scores at or above the threshold. */
export interface OperatingPoint {
  readonly threshold: number;
  /** Harmonic mean of precision and recall. */
  readonly f1: number;
  readonly precision: number;
  readonly recall: number;
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/**
 * The threshold of the highest F1 among the clips' scores. Of equal ones the highest wins: it takes the fewest clips,
 * and so has the highest precision.
 * @returns undefined where no clip is of the class
 */
export const bestThreshold = (ranking: Ranking): OperatingPoint | undefined => {
  const { positives, negatives } = countsOf(ranking);
  if (positives === 0) return undefined;
  const { thresholds, truePositives, falsePositives } = ranking;
  const f1At = (at: number): number => {
    const found = truePositives[at] ?? 0;
    return (2 * found) / (found + (falsePositives[at] ?? 0) + positives);
  };
  let [best, f1] = [0, f1At(0)];
  for (let at = 1; at < thresholds.length; at++) {
    const next = f1At(at);
    if (next > f1) [best, f1] = [at, next];
  }
  const found = truePositives[best] ?? 0;
  const wrong = falsePositives[best] ?? 0;
  return {
    threshold: thresholds[best] ?? 0,
    f1,
    precision: found / (found + wrong),
    recall: found / positives,
    truePositives: found,
    falsePositives: wrong,
    falseNegatives: positives - found,
    trueNegatives: negatives - wrong,
  };
};
