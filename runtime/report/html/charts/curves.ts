/** Long curves made fit for a drawing. */
import type { PrecisionRecallCurve } from "../../../metrics/precision-recall-curve.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The points, or of each stretch the lowest and the highest, so that no spike is lost; `most` of them at most. */
export const thinCurve = (points: readonly Point[], most: number): readonly Point[] => {
  if (points.length <= most) return points;
  const stretches = Math.floor(most / 2);
  return Array.from({ length: stretches }, (_, index) => {
    const at = (number: number): number => Math.floor((number * points.length) / stretches);
    const stretch = points.slice(at(index), at(index + 1));
    const [first, ...rest] = stretch;
    if (!first) return [];
    const lowest = rest.reduce((a, b) => (b.y < a.y ? b : a), first);
    const highest = rest.reduce((a, b) => (b.y > a.y ? b : a), first);
    if (lowest === highest) return [lowest];
    return lowest.x < highest.x ? [lowest, highest] : [highest, lowest];
  }).flat();
};

/** Each value's mean with the `reach` before and after it, as far as there are any. */
export const smoothCurve = (points: readonly Point[], reach: number): readonly Point[] => {
  const sums = [0];
  for (const { y } of points) sums.push((sums.at(-1) ?? 0) + y);
  return points.map(({ x }, index) => {
    const [from, to] = [Math.max(0, index - reach), Math.min(points.length, index + reach + 1)];
    return { x, y: ((sums[to] ?? 0) - (sums[from] ?? 0)) / (to - from) };
  });
};

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
