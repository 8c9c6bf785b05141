import { type Ranking, countsOf } from "./rank-clips.ts";

/**
 * Area under the ROC curve: the chance that a clip of the class scores above another one, ties counting half
 * (scikit-learn's `roc_auc_score`).
 * @returns undefined where every clip, or none, is of the class (scikit-learn refuses those)
 */
export const rocArea = (ranking: Ranking): number | undefined => {
  const { positives, negatives } = countsOf(ranking);
  if (positives === 0 || negatives === 0) return undefined;
  let [truePositivesBefore, falsePositivesBefore, area] = [0, 0, 0];
  for (const [at, truePositives] of ranking.truePositives.entries()) {
    const falsePositives = ranking.falsePositives[at] ?? 0;
    area += ((falsePositives - falsePositivesBefore) * (truePositivesBefore + truePositives)) / 2;
    [truePositivesBefore, falsePositivesBefore] = [truePositives, falsePositives];
  }
  return area / (positives * negatives);
};
