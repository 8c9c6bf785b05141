/** What a graph is to know of its own answers, measured on clips that it was not trained on. */
import type { Calibration, Decisions, Rejection } from "../../compiler/artifact/decisions.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { plural } from "../../compiler/artifact/plural.ts";
import { quoted } from "../../compiler/artifact/printable.ts";
import { calibrateLogits, type LogitMap } from "../metrics/calibrate-logits.ts";
import { calibrationError, reliability, type ReliabilityBin } from "../metrics/calibration-error.ts";
import { classThresholds, commonThreshold, fewestClips } from "../metrics/class-thresholds.ts";
import { fitPlatt } from "../metrics/fit-platt.ts";
import { fitTemperature, temperatureBounds } from "../metrics/fit-temperature.ts";
import { meanLoss } from "../metrics/mean-loss.ts";
import type { Predictions } from "../metrics/predictions.ts";
import { rejectionScores } from "../metrics/rejection-scores.ts";
import { type Likeness, separation, setPoints } from "../metrics/set-points.ts";
import { rowsWhere, splitBackground } from "../metrics/split-background.ts";
import { shortenList } from "../text/shorten-list.ts";
import { UserError } from "../user-error.ts";
import { measuredOn } from "./measured-on.ts";

type Task = Pick<ArtifactMetadata, "objective" | "classes">;

/** Fewer say nothing of a model: a fifth of them is one fold. */
const fewestToCalibrate = 20;
const folds = 5;

/** Shares of errors to reject by. */
export const rejectionRates = [0.01, 0.05, 0.1] as const;

const listedAtMost = 5;

export interface Measured extends Readonly<Calibration["before"]> {
  readonly reliability: readonly ReliabilityBin[];
}

export interface CalibrationResult {
  readonly decisions: Decisions & { readonly calibration: Calibration; readonly rejection: Rejection };
  readonly before: Measured;
  /** On clips that had no part in the fit: each fifth by what is fitted on the others. */
  readonly after: Measured;
  /** How well each score tells the classes' clips from background, as an area under the ROC curve; null without background. */
  readonly separation: Readonly<Record<Rejection["score"], number>> | null;
  /** What the user should know. */
  readonly notes: readonly string[];
}

interface Fit extends LogitMap {
  readonly kind: Calibration["kind"];
  readonly temperature: number;
  /** Classes without a fit of their own, as indices. */
  readonly common: readonly number[];
}

const within = (value: number, most: number): number => Math.max(-most, Math.min(most, value));

const fitLogits = (answers: Predictions, task: Task): Fit => {
  const classes = task.classes.length;
  const temperature = fitTemperature(answers, task);
  const indices = [...task.classes.keys()];
  if (task.objective === "single-label") {
    const [scales, offsets] = [indices.map(() => 1 / temperature), indices.map(() => 0)];
    return { kind: "temperature", temperature, scales, offsets, common: [] };
  }
  const own = indices.map((index) => {
    const column = (values: Float32Array): readonly number[] =>
      Array.from({ length: values.length / classes }, (_, row) => values[row * classes + index] ?? 0);
    const isOfClass = column(answers.targets).map((target) => target > 0);
    const positives = isOfClass.filter(Boolean).length;
    if (Math.min(positives, isOfClass.length - positives) < fewestClips) return undefined;
    const fit = fitPlatt(column(answers.logits), isOfClass);
    return fit.scale > 1e-3 ? { scale: Math.min(fit.scale, 1e3), offset: within(fit.offset, 1e3) } : undefined;
  });
  return {
    kind: own.every((fit) => fit === undefined) ? "temperature" : "platt",
    temperature,
    scales: own.map((fit) => fit?.scale ?? 1 / temperature),
    offsets: own.map((fit) => fit?.offset ?? 0),
    common: indices.filter((index) => own[index] === undefined),
  };
};

const apply = (answers: Predictions, fit: LogitMap, { objective }: Task): Predictions => ({
  ...calibrateLogits(answers.logits, fit, objective),
  targets: answers.targets,
});

/** Each fifth of the answers by what is fitted on the others. */
const applyCrossFitted = (answers: Predictions, task: Task): Predictions => {
  const classes = task.classes.length;
  const [logits, scores] = [answers.logits.slice(), answers.scores.slice()];
  for (let fold = 0; fold < folds; fold++) {
    const fit = fitLogits(
      rowsWhere(answers, classes, (row) => row % folds !== fold),
      task,
    );
    const fitted = apply(answers, fit, task);
    for (let start = fold * classes; start < logits.length; start += folds * classes) {
      logits.set(fitted.logits.subarray(start, start + classes), start);
      scores.set(fitted.scores.subarray(start, start + classes), start);
    }
  }
  return { logits, scores, targets: answers.targets };
};

const measure = (answers: Predictions, task: Task): Measured => {
  const bins = reliability(answers, task);
  const nll = meanLoss(task.objective, answers.logits, answers.targets, task.classes.length);
  return { nll, ece: calibrationError(bins), reliability: bins };
};

const likenessBy = (
  score: Rejection["score"],
  { known, background }: ReturnType<typeof splitBackground>,
  task: Task,
): Likeness => ({
  known: rejectionScores(score, known, task),
  background: rejectionScores(score, background, task),
});

/** The score that tells background best; without background that which told unknown sounds best where that was measured: README. */
const chooseScore = (separations: CalibrationResult["separation"]): Rejection["score"] => {
  if (separations === null) return "energy";
  return separations["highest-score"] > separations.energy ? "highest-score" : "energy";
};

const describeClasses = (indices: readonly number[], { classes }: Task): string =>
  shortenList(
    indices.map((index) => quoted(classes[index] ?? "")),
    listedAtMost,
  );

const describeFit = (fit: Fit, { perClass }: NonNullable<Decisions["thresholds"]>, task: Task): readonly string[] => {
  const few = perClass.flatMap(({ f1 }, index) => (f1 === null ? [index] : []));
  const { least, most } = temperatureBounds;
  const atBound = [least, most].find((bound) => Math.abs(fit.temperature / bound - 1) < 1e-6);
  return [
    ...(atBound === undefined
      ? []
      : [
          `the best temperature is beyond ${atBound}, where it is kept: ${atBound === least ? "the model is right on nearly all clips, and harder ones would tell more" : "the scores tell next to nothing of the classes"}`,
        ]),
    ...(few.length === 0
      ? []
      : [
          `fewer than ${fewestClips} clips, or others, for ${few.length} of ${task.classes.length} classes, whose threshold is ${commonThreshold}: ${describeClasses(few, task)}`,
        ]),
    ...(fit.common.length === 0 || task.objective === "single-label"
      ? []
      : [
          `${fit.common.length} of ${task.classes.length} classes are calibrated by the temperature of all: ${describeClasses(fit.common, task)}`,
        ]),
  ];
};

const describePoints = ({ rateOf, points }: Rejection, clips: number): readonly string[] => {
  const coarse = points.filter(({ rate }) => rate * clips < 1);
  if (coarse.length === 0) return [];
  const rates = coarse.map(({ rate }) => `${100 * rate} %`).join(" and ");
  const who = rateOf === "background" ? "background" : "held-out";
  return [`${rates} of ${clips} ${who} ${plural(clips, "clip")} is less than one: set so that there is none of them`];
};

/**
 * Fits a temperature or Platt's scales to the answers, then each class's best threshold on calibrated scores, and set points to
 * reject by: by background clips where there are some, else by the classes' own.
 * @param answers of the graph itself, to clips that it was not trained on
 * @param data their data set's name
 * @param chosen what to reject by; default: what tells background best
 * @throws UserError where there are too few
 */
export const calibrate = (
  answers: Predictions,
  task: Task,
  data: string,
  chosen?: Rejection["score"],
): CalibrationResult => {
  const classes = task.classes.length;
  const parts = splitBackground(answers, classes);
  const clips = parts.known.targets.length / classes;
  if (clips < fewestToCalibrate) {
    throw new UserError(
      "calibration-clips-few",
      { clips, least: fewestToCalibrate },
      `${clips} held-out ${plural(clips, "clip")} of the classes ${plural(clips, "is", "are")} too few to calibrate on; expected ${fewestToCalibrate} or more`,
    );
  }
  // Softmax has no right answer to background; sigmoids have: 0.
  const fitted = task.objective === "single-label" ? parts.known : answers;
  const fit = fitLogits(fitted, task);
  const [before, after] = [measure(fitted, task), measure(applyCrossFitted(fitted, task), task)];
  const on = measuredOn(answers, data, classes);
  const { kind, scales, offsets } = fit;
  const figures = ({ nll, ece }: Measured): Calibration["before"] => ({ nll, ece });
  const calibration = { kind, scales, offsets, before: figures(before), after: figures(after), measuredOn: on };
  const thresholds = { perClass: classThresholds(apply(answers, fit, task), classes), measuredOn: on };

  const energy = likenessBy("energy", parts, task);
  const highest = likenessBy("highest-score", parts, task);
  const [byEnergy, byHighest] = [separation(energy), separation(highest)];
  const separations =
    byEnergy === undefined || byHighest === undefined ? null : { energy: byEnergy, "highest-score": byHighest };
  const score = chosen ?? chooseScore(separations);
  const likeness = score === "energy" ? energy : highest;
  const rateOf = separations === null ? "classes" : "background";
  const rejection: Rejection = {
    score,
    rateOf,
    points: setPoints(rejectionRates, rateOf, likeness),
    measuredOn: on,
  };
  const rated = rateOf === "background" ? likeness.background : likeness.known;
  return {
    decisions: { thresholds, calibration, rejection },
    before,
    after,
    separation: separations,
    notes: [...describeFit(fit, thresholds, task), ...describePoints(rejection, rated.length)],
  };
};
