/** What a sweep found: each variant's size, cost and figure, and what several runs answer together. */
import type { Figure } from "../../compiler/artifact/recipe.ts";
import type { FoldResult, Spread } from "../cross-validation/summarize-folds.ts";
import { spreadOf } from "../cross-validation/summarize-folds.ts";
import { averageScores } from "../metrics/average-scores.ts";
import { summarize } from "../metrics/summarize.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import type { NamedPredictions } from "../runs/run-predictions.ts";

/** What a variant is, before it is trained. */
export interface VariantSize {
  /** The patches of a clip, and all tokens that attention compares; null where the network has none. */
  readonly patches: number | null;
  readonly tokens: number | null;
  readonly parameters: number;
  /** Floating point operations to infer a clip. */
  readonly flops: number;
  /** Bytes that training takes on the CPU, about. */
  readonly memoryBytes: number;
}

/** A run that is through. */
export interface SweepRun {
  readonly variant: string;
  readonly seed: number;
  /** null where the clips are divided once. */
  readonly fold: number | null;
  readonly result: FoldResult;
  /** The answers that its figure is of. */
  readonly answers: NamedPredictions;
}

export interface RunSummary {
  readonly seed: number;
  readonly fold: number | null;
  /** Of the averaged parameters, where the spec averages; else after the last epoch. */
  readonly value: number;
  /** After each epoch. */
  readonly epochs: readonly number[];
  readonly seconds: number | null;
}

export interface VariantResult extends VariantSize {
  readonly variant: string;
  /** Of a run, the mean over all of them. */
  readonly seconds: number | null;
  /** Over its runs. */
  readonly spread: Spread;
  /** Of the mean of its seeds' scores; null where it has one seed. */
  readonly ensemble: number | null;
  readonly runs: readonly RunSummary[];
}

export interface SweepResult {
  readonly figure: Figure;
  readonly variants: readonly VariantResult[];
  /** Of the mean of all runs' scores: how many runs, and the figure; null where there is one, or they have other classes. */
  readonly ensemble: { readonly runs: number; readonly value: number } | null;
}

type Task = Pick<Artifact["metadata"], "objective" | "classes">;

const meanOf = (values: readonly number[]): number => spreadOf(values).mean;

const valueOf = ({ result }: SweepRun): number => result.averaged ?? result.epochs.at(-1) ?? NaN;

const isOfSame = ({ clips }: NamedPredictions, { clips: others }: NamedPredictions): boolean =>
  clips.length === others.length && clips.every((name, index) => name === others[index]);

/** The mean of scores, measured on each part of the clips, and these averaged; null where the runs have not heard the same clips. */
const measureEnsemble = (runs: readonly SweepRun[], figure: Figure, task: Task): number | null => {
  const folds = [...new Set(runs.map(({ fold }) => fold))];
  const values = folds.map((fold) => {
    const answers = runs.filter((run) => run.fold === fold).map((run) => run.answers);
    const [first] = answers;
    if (!first || answers.length * folds.length !== runs.length) return null;
    if (!answers.every((each) => isOfSame(each, first))) return null;
    const predictions = averageScores(
      answers.map((each) => each.predictions),
      task,
    );
    return summarize(predictions, task)[figure];
  });
  const known = values.filter((value) => value !== null);
  return known.length === values.length ? meanOf(known) : null;
};

const seedsOf = (runs: readonly SweepRun[]): number => new Set(runs.map(({ seed }) => seed)).size;

const summarizeVariant = (
  variant: string,
  size: VariantSize,
  runs: readonly SweepRun[],
  figure: Figure,
  task: Task,
): VariantResult => {
  const seconds = runs.flatMap(({ result }) => result.seconds ?? []);
  return {
    variant,
    ...size,
    seconds: seconds.length === runs.length ? meanOf(seconds) : null,
    spread: spreadOf(runs.map(valueOf)),
    ensemble: seedsOf(runs) > 1 ? measureEnsemble(runs, figure, task) : null,
    runs: runs.map((run) => ({
      seed: run.seed,
      fold: run.fold,
      value: valueOf(run),
      epochs: run.result.epochs,
      seconds: run.result.seconds,
    })),
  };
};

/** @param variants in order, each with the classes that its scores are of; runs of each, one at least */
export const summarizeSweep = (
  figure: Figure,
  variants: readonly { readonly variant: string; readonly size: VariantSize; readonly task: Task }[],
  runs: readonly SweepRun[],
): SweepResult => {
  const [first] = variants;
  const isOneTask =
    first !== undefined &&
    variants.every(
      ({ task }) =>
        task.objective === first.task.objective && task.classes.join("\n") === first.task.classes.join("\n"),
    );
  const isSeveral = new Set(runs.map(({ variant, seed }) => `${variant}\n${seed}`)).size > 1;
  const value = isOneTask && isSeveral ? measureEnsemble(runs, figure, first.task) : null;
  const models = new Set(runs.map(({ variant, seed }) => `${variant}\n${seed}`)).size;
  return {
    figure,
    variants: variants.map(({ variant, size, task }) =>
      summarizeVariant(
        variant,
        size,
        runs.filter((run) => run.variant === variant),
        figure,
        task,
      ),
    ),
    ensemble: value === null ? null : { runs: models, value },
  };
};
