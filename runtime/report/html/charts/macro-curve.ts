import type { PrecisionRecallCurve } from "../../../metrics/precision-recall-curve.ts";
import type { Point } from "./curves.ts";

/** Recalls at which the mean is taken; more are not to be seen. */
const stretches = 200;

/** A class's precision at each recall asked for, rising and above 0: that of the highest threshold which still reaches it. */
const precisionsAt = ({ precisions, recalls }: PrecisionRecallCurve, asked: readonly number[]): readonly number[] => {
  // The last point stands for no threshold.
  let index = recalls.length - 2;
  return asked.map((recall) => {
    while (index > 0 && (recalls[index] ?? 0) < recall) index -= 1;
    return precisions[index] ?? 0;
  });
};

/**
 * The mean of classes' precisions at equal recall, each class counting alike. As each curve's area is its average precision,
 * this one's is their mean, mAP, to within what the stretches leave out.
 * @param curves one at least
 */
export const macroCurve = (curves: readonly PrecisionRecallCurve[]): readonly Point[] => {
  const middles = Array.from({ length: stretches }, (_, index) => (index + 0.5) / stretches);
  const sums = middles.map(() => 0);
  for (const curve of curves) {
    precisionsAt(curve, middles).forEach((precision, index) => (sums[index] = (sums[index] ?? 0) + precision));
  }
  return middles.map((x, index) => ({ x, y: (sums[index] ?? 0) / curves.length }));
};
