/** What a cross-validation found, of the evaluations of its runs. */
import type { Figure } from "../../compiler/artifact/recipe.ts";
import { bestOf } from "../runs/track-best.ts";

/** One run's evaluations. */
export interface FoldResult {
  readonly repeat: number;
  readonly fold: number;
  /** The figure after each epoch. */
  readonly epochs: readonly number[];
  /** The figure of the averaged parameters; null where the spec averages none. */
  readonly averaged: number | null;
  /** That the run took; null where its folder does not tell. */
  readonly seconds: number | null;
}

/** Mean and sample deviation; the deviation of one value is null. */
export interface Spread {
  readonly mean: number;
  readonly deviation: number | null;
}

export interface CrossValidation {
  readonly figure: Figure;
  readonly folds: readonly FoldResult[];
  /** Of each repeat, the mean over its folds after the last epoch. */
  readonly repeats: readonly Spread[];
  /** Over all runs, after the last epoch. */
  readonly last: Spread;
  /** The epoch, from 1, whose mean over all runs is the best: one for all, as the reference's get_esc_result.py. */
  readonly bestEpoch: number;
  readonly best: Spread;
  /** Over all runs, of the averaged parameters; null where there are none. */
  readonly averaged: Spread | null;
}

export const spreadOf = (values: readonly number[]): Spread => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null };
};

const at = (folds: readonly FoldResult[], epoch: number): number[] =>
  folds.map(({ epochs }) => epochs[epoch - 1] ?? NaN);

const lastOf = (folds: readonly FoldResult[]): number[] => folds.map(({ epochs }) => epochs.at(-1) ?? NaN);

/** @param folds of finished runs, one at least. Early stopping may have ended some sooner: the best epoch is one that all have. */
export const summarizeFolds = (figure: Figure, folds: readonly FoldResult[]): CrossValidation => {
  const common = Math.min(...folds.map(({ epochs }) => epochs.length));
  const means = Array.from({ length: common }, (_, index) => spreadOf(at(folds, index + 1)).mean);
  const bestEpoch = means.indexOf(bestOf(figure, means)) + 1;
  const repeats = [...new Set(folds.map(({ repeat }) => repeat))];
  const averaged = folds.flatMap((result) => result.averaged ?? []);
  return {
    figure,
    folds,
    repeats: repeats.map((number) => spreadOf(lastOf(folds.filter(({ repeat }) => repeat === number)))),
    last: spreadOf(lastOf(folds)),
    bestEpoch,
    best: spreadOf(at(folds, bestEpoch)),
    averaged: averaged.length === folds.length ? spreadOf(averaged) : null,
  };
};
