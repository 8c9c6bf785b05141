/** All figures of one evaluation. */
import type { ArtifactMetadata } from "../../compiler/artifact.ts";
import { accuracy } from "./accuracy.ts";
import { averagePrecision } from "./average-precision.ts";
import { dPrime } from "./d-prime.ts";
import { meanLoss } from "./mean-loss.ts";
import { rocArea } from "./roc-area.ts";

/** A class's figures; null where its clips do not define one. */
export interface ClassSummary {
  readonly label: string;
  /** Clips of the class. */
  readonly clips: number;
  /** Null where no clip is of the class. */
  readonly averagePrecision: number | null;
  /** Null where no clip, or every clip, is of the class. */
  readonly rocArea: number | null;
}

export interface Summary {
  readonly clips: number;
  readonly loss: number;
  readonly accuracy: number;
  /** Mean over the classes that have an average precision; null where none has. */
  readonly mAP: number | null;
  /** Mean over the classes that have a ROC area; null where none has. */
  readonly AUC: number | null;
  /** d' of the mean ROC area; null where that is null or d' is infinite. */
  readonly dPrime: number | null;
  readonly perClass: readonly ClassSummary[];
}

/** The model's answers over a whole set, each [clips, classes] in row-major order. */
export interface Predictions {
  readonly logits: Float32Array;
  readonly scores: Float32Array;
  readonly targets: Float32Array;
}

const meanOf = (values: readonly (number | null)[]): number | null => {
  const defined = values.filter((value) => value !== null);
  return defined.length === 0 ? null : defined.reduce((sum, value) => sum + value, 0) / defined.length;
};

const column = (values: Float32Array, classes: number, index: number): Float32Array =>
  Float32Array.from({ length: values.length / classes }, (_, row) => values[row * classes + index] ?? 0);

/** @param metadata gives the objective and the classes' names */
export const summarize = (
  { logits, scores, targets }: Predictions,
  { objective, classes }: Pick<ArtifactMetadata, "objective" | "classes">,
): Summary => {
  const perClass = classes.map((label, index): ClassSummary => {
    const own = [column(scores, classes.length, index), column(targets, classes.length, index)] as const;
    return {
      label,
      clips: own[1].reduce((count, target) => count + Number(target > 0), 0),
      averagePrecision: averagePrecision(...own) ?? null,
      rocArea: rocArea(...own) ?? null,
    };
  });
  const AUC = meanOf(perClass.map(({ rocArea }) => rocArea));
  const distance = AUC === null ? Infinity : dPrime(AUC);
  return {
    clips: scores.length / classes.length,
    loss: meanLoss(objective, logits, targets, classes.length),
    accuracy: accuracy(scores, targets, classes.length),
    mAP: meanOf(perClass.map(({ averagePrecision }) => averagePrecision)),
    AUC,
    dPrime: Number.isFinite(distance) ? distance : null,
    perClass,
  };
};
