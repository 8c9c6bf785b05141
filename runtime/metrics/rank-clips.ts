/** One class's clips by falling score: the common ground of average precision, ROC area, curves and thresholds. */

/**
 * How many clips score at or above each threshold. Clips of equal score enter together, so thresholds are distinct;
 * they fall, both counts rise, and the last of each counts every clip.
 */
export interface Ranking {
  readonly thresholds: Float32Array;
  /** Clips of the class among those at or above the threshold. */
  readonly truePositives: Uint32Array;
  /** Other clips among those at or above the threshold. */
  readonly falsePositives: Uint32Array;
}

/** The class's scores, rising, of its own clips and of the others; undefined where one is not finite. */
const splitAndSort = (
  scores: Float32Array,
  targets: Float32Array,
  classes: number,
  index: number,
): { readonly own: Float32Array; readonly others: Float32Array } | undefined => {
  const clips = scores.length / classes;
  const [own, others] = [new Float32Array(clips), new Float32Array(clips)];
  let [ownCount, othersCount] = [0, 0];
  for (let at = index; at < scores.length; at += classes) {
    const score = scores[at] ?? Number.NaN;
    if (!Number.isFinite(score)) return undefined;
    if ((targets[at] ?? 0) > 0) own[ownCount++] = score;
    else others[othersCount++] = score;
  }
  // Without a comparison function a typed array sorts natively, several times faster.
  return { own: own.subarray(0, ownCount).sort(), others: others.subarray(0, othersCount).sort() };
};

/**
 * Ranks the clips by the scores of one class (scikit-learn's `_binary_clf_curve`).
 * @param scores [clips, classes] in row-major order
 * @param targets [clips, classes]; a clip is of the classes above 0
 * @param index of the class
 * @returns undefined where a score of the class is infinite or not a number (scikit-learn refuses those)
 */
export const rankClips = (
  scores: Float32Array,
  targets: Float32Array,
  classes: number,
  index: number,
): Ranking | undefined => {
  const sorted = splitAndSort(scores, targets, classes, index);
  if (!sorted) return undefined;
  const { own, others } = sorted;
  const clips = own.length + others.length;
  const [thresholds, truePositives, falsePositives] = [
    new Float32Array(clips),
    new Uint32Array(clips),
    new Uint32Array(clips),
  ];
  let [count, truePositive, falsePositive] = [0, 0, 0];
  const next = (ascending: Float32Array, taken: number): number => ascending[ascending.length - 1 - taken] ?? -Infinity;
  while (truePositive + falsePositive < clips) {
    const threshold = Math.max(next(own, truePositive), next(others, falsePositive));
    while (next(own, truePositive) === threshold) truePositive += 1;
    while (next(others, falsePositive) === threshold) falsePositive += 1;
    thresholds[count] = threshold;
    truePositives[count] = truePositive;
    falsePositives[count] = falsePositive;
    count += 1;
  }
  return {
    thresholds: thresholds.subarray(0, count),
    truePositives: truePositives.subarray(0, count),
    falsePositives: falsePositives.subarray(0, count),
  };
};

/** Clips of the class, and others. */
export const countsOf = ({
  truePositives,
  falsePositives,
}: Ranking): { readonly positives: number; readonly negatives: number } => ({
  positives: truePositives.at(-1) ?? 0,
  negatives: falsePositives.at(-1) ?? 0,
});
