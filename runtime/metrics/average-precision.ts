import { type Ranking, countsOf } from "./rank-clips.ts";

/**
 * Area under the precision-recall curve as a sum of steps, sum over thresholds of (R_n - R_{n-1}) P_n,
 * as scikit-learn's `average_precision_score`.
 * @returns undefined where no clip is of the class (scikit-learn warns and gives 0)
 */
export const averagePrecision = (ranking: Ranking): number | undefined => {
  const { positives } = countsOf(ranking);
  if (positives === 0) return undefined;
  let [before, sum] = [0, 0];
  for (const [at, found] of ranking.truePositives.entries()) {
    sum += (found - before) * (found / (found + (ranking.falsePositives[at] ?? 0)));
    before = found;
  }
  return sum / positives;
};
