import { tieGroups } from "./tie-groups.ts";

/**
 * Area under the ROC curve: the chance that a positive clip scores above a negative one, ties counting half
 * (scikit-learn's `roc_auc_score`).
 * @param scores one per clip
 * @param targets one per clip; positive above 0
 * @returns undefined where the clips are all positive or all negative
 */
export const rocArea = (scores: ArrayLike<number>, targets: ArrayLike<number>): number | undefined => {
  let [above, negativesSeen, area] = [0, 0, 0];
  for (const { positives, negatives } of tieGroups(scores, targets)) {
    area += negatives * (above + positives / 2);
    above += positives;
    negativesSeen += negatives;
  }
  return above === 0 || negativesSeen === 0 ? undefined : area / (above * negativesSeen);
};
