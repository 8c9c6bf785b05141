/** Which clips the runs of a sweep train on and are measured on: the same for all. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { foldTable, ownFolds, stratify } from "../cross-validation/plan-folds.ts";
import { requireFoldCount } from "../cross-validation/plan-runs.ts";
import type { Clip, Dataset } from "../data/dataset.ts";
import { describeUntrained } from "../data/describe-split.ts";
import { splitClips } from "../data/split-clips.ts";
import { readText } from "../files/read-text.ts";
import { writeText } from "../files/write-text.ts";
import type { RunOptions } from "../train/run-options.ts";
import { UserError } from "../user-error.ts";
import { createFolderOf } from "./sweep-folder.ts";

/** One division of the clips. */
export interface Part {
  /** Its number; null where the clips are divided once. */
  readonly fold: number | null;
  readonly options: Pick<RunOptions, "data" | "labels" | "fold">;
}

export interface PartOptions extends Pick<RunOptions, "data" | "labels" | "fold" | "evalData"> {
  /** Into how many parts for cross-validation; undefined: none, the clips are divided once. */
  readonly folds: number | undefined;
  /** Divides them, where the data does not say how. */
  readonly seed: number;
  /** The sweep's folder. */
  readonly out: string;
}

/** @throws UserError where runs have begun with another table */
const writeTable = async (path: string, table: string, isBegun: boolean): Promise<void> => {
  if (existsSync(path) && readText(path) !== table && isBegun)
    throw new UserError("sweep-changed", { path }, "belongs to another sweep: the clips of the data have changed");
  createFolderOf(path);
  await writeText(path, table);
};

/** @throws UserError where a class has no clip to train on */
export const requireAllClasses = (dataset: Dataset, { seed }: Pick<PartOptions, "seed">): void => {
  const untrained = describeUntrained(dataset, splitClips(dataset, { seed }).train);
  if (untrained !== undefined) throw new UserError("classes-untrained", { data: dataset.name }, untrained);
};

/**
 * The parts of the data. What a seed would hold out of it is written down, as each seed would hold out others.
 * @param isBegun whether runs have begun
 * @throws UserError where the data cannot be divided so
 */
export const planParts = async (
  dataset: Dataset,
  { data, labels, fold, evalData, folds, seed, out }: PartOptions,
  isBegun: boolean,
): Promise<readonly Part[]> => {
  const own = ownFolds(dataset);
  const given = { data, labels };
  if (folds !== undefined && own.length > 0) {
    requireFoldCount(dataset, own, folds);
    return own.map((each) => ({ fold: each, options: { ...given, fold: each } }));
  }
  const tableOf = async (name: string, foldOf: ReadonlyMap<Clip, number>, held: number): Promise<string> => {
    const path = join(out, "clips", name);
    await writeTable(path, foldTable(dataset, foldOf, held), isBegun);
    return path;
  };
  if (folds !== undefined) {
    const foldOf = stratify(dataset, folds, seed);
    const parts: Part[] = [];
    for (let each = 1; each <= folds; each++) {
      const table = await tableOf(`fold-${each}.csv`, foldOf, each);
      parts.push({ fold: each, options: { data: table, labels: undefined, fold: undefined } });
    }
    return parts;
  }
  const isDivided = data === undefined || own.length > 0 || dataset.clips.some(({ split }) => split !== undefined);
  if (isDivided || evalData !== undefined) return [{ fold: null, options: { ...given, fold } }];
  const held = new Set(splitClips(dataset, { seed }).evaluation);
  const foldOf = new Map(dataset.clips.map((clip) => [clip, held.has(clip) ? 1 : 2]));
  return [{ fold: null, options: { data: await tableOf("clips.csv", foldOf, 1), labels: undefined, fold: undefined } }];
};
