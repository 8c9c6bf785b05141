/** The runs of a cross-validation, and the tables of their clips. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Dataset } from "../data/dataset.ts";
import { createFolders } from "../files/create-folders.ts";
import { readText } from "../files/read-text.ts";
import { writeFailure } from "../files/write-failure.ts";
import { writeText } from "../files/write-text.ts";
import { runFolder } from "../runs/run-folder.ts";
import type { RunOptions } from "../train/run-options.ts";
import { UserError } from "../user-error.ts";
import { foldTable, ownFolds, stratify } from "./plan-folds.ts";

export interface FoldRun {
  readonly repeat: number;
  readonly fold: number;
  /** Where its run goes. */
  readonly path: string;
  readonly options: RunOptions;
}

export interface CrossValidationOptions {
  /** How many; default: the data's own, else 5. */
  readonly folds: number | undefined;
  /** How often, each time with the next seed. */
  readonly repeats: number;
  /** Where all of it goes. */
  readonly out: string;
  /** What the runs have in common; the seed is the first repeat's. */
  readonly options: RunOptions & { readonly seed: number };
}

/** What comes of a cross-validation. */
export const resultsFile = (out: string): string => join(out, "results.json");

/** @throws UserError where it cannot be made */
export const createOutFolder = (path: string): void => {
  try {
    createFolders(path);
  } catch (error) {
    throw writeFailure(resultsFile(path), error);
  }
};

/** @throws UserError where the data has folds of its own, of another number */
export const requireFoldCount = ({ name }: Dataset, own: readonly number[], folds: number | undefined): void => {
  if (own.length === 0 || folds === undefined || folds === own.length) return;
  throw new UserError(
    "folds-fixed",
    { option: "folds", data: name, folds: own },
    `${folds}: ${name} has ${own.length} folds of its own, ${own.join(", ")}`,
  );
};

/** @throws UserError where the run was begun with another table, which stays */
const writeFoldTable = async (path: string, table: string, run: string): Promise<void> => {
  if (existsSync(path) && existsSync(runFolder(run).config) && readText(path) !== table) {
    throw new UserError(
      "folds-changed",
      { path: run, table: path },
      `was begun with the folds of ${path}, and these options or clips give others`,
    );
  }
  await writeText(path, table);
};

const planRepeat = async (
  dataset: Dataset,
  repeat: number,
  { folds, out, options }: Omit<CrossValidationOptions, "repeats">,
): Promise<readonly FoldRun[]> => {
  const folder = join(out, `repeat-${repeat}`);
  const plan = (fold: number, clips: RunOptions): FoldRun => ({
    repeat,
    fold,
    path: join(folder, `fold-${fold}`),
    options: { ...options, ...clips },
  });
  const own = ownFolds(dataset);
  requireFoldCount(dataset, own, folds);
  if (own.length > 0) return own.map((fold) => plan(fold, { fold }));

  const count = folds ?? 5;
  const foldOf = stratify(dataset, count, options.seed);
  createOutFolder(folder);
  const runs: FoldRun[] = [];
  for (let fold = 1; fold <= count; fold++) {
    const table = join(folder, `fold-${fold}.csv`);
    const run = plan(fold, { data: table, labels: undefined });
    await writeFoldTable(table, foldTable(dataset, foldOf, fold), run.path);
    runs.push(run);
  }
  return runs;
};

/**
 * The runs, in order. Where the data has no folds of its own, tables of its clips are written for them.
 * @throws UserError where the data cannot be divided so, or a run was begun with other folds
 */
export const planRuns = async (
  dataset: Dataset,
  { repeats, ...others }: CrossValidationOptions,
): Promise<readonly FoldRun[]> => {
  const runs: FoldRun[] = [];
  for (let index = 0; index < repeats; index++) {
    const options = { ...others.options, seed: others.options.seed + index };
    runs.push(...(await planRepeat(dataset, index + 1, { ...others, options })));
  }
  return runs;
};
