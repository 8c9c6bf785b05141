import { tieGroups } from "./tie-groups.ts";

/**
 * Area under the precision-recall curve as a sum of steps, sum over thresholds of (R_n - R_{n-1}) P_n,
 * as scikit-learn's `average_precision_score`; clips of equal score enter together.
 * @param scores one per clip
 * @param targets one per clip; positive above 0
 * @returns undefined where no clip is positive
 */
export const averagePrecision = (scores: ArrayLike<number>, targets: ArrayLike<number>): number | undefined => {
  let [found, seen, sum] = [0, 0, 0];
  for (const { positives, negatives } of tieGroups(scores, targets)) {
    found += positives;
    seen += positives + negatives;
    sum += positives * (found / seen);
  }
  return found === 0 ? undefined : sum / found;
};
