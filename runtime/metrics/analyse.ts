/** What a report shows beyond the figures of `summarize`. */
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { type OperatingPoint, bestThreshold } from "./best-threshold.ts";
import { confusionMatrix } from "./confusion-matrix.ts";
import { type PrecisionRecallCurve, precisionRecallCurve } from "./precision-recall-curve.ts";
import type { Predictions } from "./predictions.ts";
import { rankClips } from "./rank-clips.ts";

/** Null where no clip is of the class, or a score of the class is not finite. */
export interface ClassAnalysis {
  readonly label: string;
  /** Without the thresholds that a drawing would not show. */
  readonly curve: PrecisionRecallCurve | null;
  /** The threshold of the highest F1, and the class's 2x2 confusion matrix there. */
  readonly best: OperatingPoint | null;
}

export interface Analysis {
  /** [actual class, predicted class], clips; null for a multi-label model, whose classes are confused one by one: see `best`. */
  readonly confusion: Uint32Array | null;
  readonly perClass: readonly ClassAnalysis[];
}

/**
 * Curves, thresholds and confusions of every class. The curves hold at most two points for each label of the set, and two
 * more for each class.
 * @param metadata gives the objective and the classes' names
 */
export const analyse = (
  { scores, targets }: Predictions,
  { objective, classes }: Pick<ArtifactMetadata, "objective" | "classes">,
): Analysis => ({
  confusion: objective === "single-label" ? confusionMatrix(scores, targets, classes.length) : null,
  perClass: classes.map((label, index): ClassAnalysis => {
    const ranking = rankClips(scores, targets, classes.length, index);
    return {
      label,
      curve: (ranking && precisionRecallCurve(ranking, { dropIntermediate: true })) ?? null,
      best: (ranking && bestThreshold(ranking)) ?? null,
    };
  }),
});
