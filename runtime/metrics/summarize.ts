/** All figures of one evaluation. */
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { accuracy } from "./accuracy.ts";
import { averagePrecision } from "./average-precision.ts";
import { dPrime } from "./d-prime.ts";
import { meanLoss } from "./mean-loss.ts";
import type { Predictions } from "./predictions.ts";
import { highestScores, splitBackground } from "./split-background.ts";
import { rankClips } from "./rank-clips.ts";
import { rocArea } from "./roc-area.ts";

/** A class's figures; null where its clips do not define one, or a score of the class is not finite. */
export interface ClassSummary {
  readonly label: string;
  /** Clips of the class. */
  readonly clips: number;
  /** Null where no clip is of the class. */
  readonly averagePrecision: number | null;
  /** Null where no clip, or every clip, is of the class. */
  readonly rocArea: number | null;
  /** d' of the ROC area; null where that is null or d' is infinite. */
  readonly dPrime: number | null;
}

/** A model's answers to clips that are of none of its classes. */
export interface BackgroundFigures {
  readonly clips: number;
  /** The share of them in which a class has a score of one half or more. */
  readonly falseAlarms: number;
}

/** Of all classes together. Background clips are among the others of each class; loss and accuracy leave them out. */
export interface Figures {
  /** That are of a class. */
  readonly clips: number;
  /** Not a number, or infinite, where a logit is. */
  readonly loss: number;
  readonly accuracy: number;
  /** Mean over the classes that have an average precision; null where none has. */
  readonly mAP: number | null;
  /** Mean over the classes that have a ROC area; null where none has. */
  readonly AUC: number | null;
  /** d' of the mean ROC area; null where that is null or d' is infinite. */
  readonly dPrime: number | null;
  /** Missing where no clip is background. */
  readonly background?: BackgroundFigures | undefined;
}

export interface Summary extends Figures {
  readonly perClass: readonly ClassSummary[];
}

const meanOf = (values: readonly (number | null)[]): number | null => {
  const defined = values.filter((value) => value !== null);
  return defined.length === 0 ? null : defined.reduce((sum, value) => sum + value, 0) / defined.length;
};

const finiteOrNull = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

const summarizeClass = (
  { scores, targets }: Predictions,
  classes: number,
  index: number,
): Omit<ClassSummary, "label"> => {
  let clips = 0;
  for (let at = index; at < targets.length; at += classes) clips += Number((targets[at] ?? 0) > 0);
  const ranking = rankClips(scores, targets, classes, index);
  const area = ranking && rocArea(ranking);
  return {
    clips,
    averagePrecision: (ranking && averagePrecision(ranking)) ?? null,
    rocArea: area ?? null,
    dPrime: finiteOrNull(area === undefined ? undefined : dPrime(area)),
  };
};

/** From here on a class counts as heard. */
const heardFrom = 0.5;

const summarizeBackground = ({ scores }: Predictions, classes: number): BackgroundFigures => {
  const highest = highestScores(scores, classes);
  return {
    clips: highest.length,
    falseAlarms: highest.filter((score) => score >= heardFrom).length / highest.length,
  };
};

/** @param metadata gives the objective and the classes' names */
export const summarize = (
  predictions: Predictions,
  { objective, classes }: Pick<ArtifactMetadata, "objective" | "classes">,
): Summary => {
  const { known, background } = splitBackground(predictions, classes.length);
  const { logits, scores, targets } = known;
  const perClass = classes.map((label, index) => ({ label, ...summarizeClass(predictions, classes.length, index) }));
  const AUC = meanOf(perClass.map(({ rocArea }) => rocArea));
  return {
    clips: scores.length / classes.length,
    loss: meanLoss(objective, logits, targets, classes.length),
    accuracy: accuracy(scores, targets, classes.length),
    mAP: meanOf(perClass.map(({ averagePrecision }) => averagePrecision)),
    AUC,
    dPrime: finiteOrNull(AUC === null ? undefined : dPrime(AUC)),
    ...(background.scores.length > 0 ? { background: summarizeBackground(background, classes.length) } : {}),
    perClass,
  };
};
