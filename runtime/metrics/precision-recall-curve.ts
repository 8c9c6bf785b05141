/** Precision against recall, as the threshold rises. */
import { type Ranking, countsOf } from "./rank-clips.ts";

export interface PrecisionRecallCurve {
  /** One per threshold, then 1. */
  readonly precisions: Float64Array;
  /** One per threshold, falling, then 0. */
  readonly recalls: Float64Array;
  /** Rising; a clip is taken for one of the class when it scores at or above. */
  readonly thresholds: Float32Array;
}

/** The thresholds at which a curve of steps has a corner: all but those amid a run of equal recall. */
const corners = ({ truePositives }: Ranking): number[] => {
  const last = truePositives.length - 1;
  const isCorner = (at: number): boolean =>
    at === 0 ||
    at === last ||
    truePositives[at] !== truePositives[at - 1] ||
    truePositives[at] !== truePositives[at + 1];
  return [...truePositives.keys()].filter(isCorner);
};

/**
 * The curve as scikit-learn's `precision_recall_curve` gives it.
 * @param dropIntermediate leaves out thresholds that a drawing would not show; at most two for each clip of the class,
 * and the first and the last, remain
 * @returns undefined where no clip is of the class (scikit-learn warns and takes every recall for 1)
 */
export const precisionRecallCurve = (
  ranking: Ranking,
  { dropIntermediate = false }: { readonly dropIntermediate?: boolean } = {},
): PrecisionRecallCurve | undefined => {
  const { positives } = countsOf(ranking);
  if (positives === 0) return undefined;
  const { thresholds, truePositives, falsePositives } = ranking;
  const rising = (dropIntermediate ? corners(ranking) : [...thresholds.keys()]).toReversed();
  const found = (at: number): number => truePositives[at] ?? 0;
  return {
    precisions: Float64Array.from([...rising.map((at) => found(at) / (found(at) + (falsePositives[at] ?? 0))), 1]),
    recalls: Float64Array.from([...rising.map((at) => found(at) / positives), 0]),
    thresholds: Float32Array.from(rising, (at) => thresholds[at] ?? 0),
  };
};
