import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { UserError } from "../user-error.ts";
import type { ListedClip } from "./listing.ts";
import { type Table, text, typedRows, wholeNumber } from "./read-table.ts";

const row = v.object({ filename: text, fold: wholeNumber, target: wholeNumber, category: text });

export const isEscTable = ({ columns }: Table): boolean =>
  ["filename", "fold", "category"].every((name) => columns.includes(name));

/**
 * Clips in the layout of ESC-50 (Piczak 2015): a CSV with columns filename, fold, target and category, in `meta/` or beside its clips in `audio/`.
 * One fold is for evaluation; without a choice it is the first. Clips cut from one recording share a fold, so a random split would leak.
 * @throws UserError naming the line, or the folds there are.
 */
export const readEsc = (table: Table, fold?: number): readonly ListedClip[] => {
  const rows = typedRows(table, row);
  const folds = [...new Set(rows.map(({ row }) => row.fold))].sort((a, b) => a - b);
  const evaluationFold = fold ?? folds[0];
  if (evaluationFold === undefined || !folds.includes(evaluationFold)) {
    throw new UserError(`${table.path}: there is no fold ${evaluationFold}; the folds are ${folds.join(", ")}`);
  }
  const folder = dirname(table.path);
  const beside = join(folder, "audio");
  const audio = existsSync(beside) ? beside : join(folder, "..", "audio");
  return rows.map(({ line, row }) => ({
    path: join(audio, row.filename),
    labels: [[row.category, String(row.target)]],
    split: row.fold === evaluationFold ? "test" : "train",
    fold: row.fold,
    where: () => `${table.path}:${line}`,
  }));
};
