import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { accuracy } from "./accuracy.ts";
import { averagePrecision } from "./average-precision.ts";
import { dPrime } from "./d-prime.ts";
import type { BackgroundFigures, ClassSummary, Summary } from "./figures.ts";
import { meanLoss } from "./mean-loss.ts";
import type { Predictions } from "./predictions.ts";
import { highestScores, splitBackground } from "./split-background.ts";
import { rankClips } from "./rank-clips.ts";
import { rocArea } from "./roc-area.ts";

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
