import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import type { Split } from "../dataset.ts";
import { isClipTable, type TableSource } from "./read-clip-tables.ts";
import { readTable, tableExtensions } from "./read-table.ts";
import { partOf } from "./split-names.ts";

interface KnownTable {
  readonly path: string;
  readonly split?: Split | undefined;
}

export interface FoundTables {
  readonly tables: readonly TableSource[];
  readonly notes: readonly string[];
}

const splitOf = (name: string): Split | undefined => {
  const part = partOf(name);
  return part === "unlabeled" ? undefined : part;
};

/** A table for each part, `train.csv` and others, where one is for training: FSD50K's dev.csv divides its clips itself. */
const partFiles = (names: readonly string[]): readonly KnownTable[] => {
  const tables = names.flatMap((path): readonly KnownTable[] => {
    const split = tableExtensions.includes(extname(path)) ? splitOf(basename(path, extname(path))) : undefined;
    return split === undefined ? [] : [{ path, split }];
  });
  return tables.some(({ split }) => split === "train") ? tables : [];
};

/** An AudioFolder's tables of its parts: `train/metadata.csv` and others. */
const partFolders = (names: readonly string[]): readonly KnownTable[] =>
  names.flatMap((name): readonly KnownTable[] => {
    const split = splitOf(name);
    return split === undefined ? [] : ["csv", "jsonl"].map((kind) => ({ path: join(name, `metadata.${kind}`), split }));
  });

/** Where known data sets have their tables; the first row of which a folder has a table tells which it is. */
const layoutsOf = (names: readonly string[]): readonly (readonly KnownTable[])[] => [
  [{ path: join("meta", "esc50.csv") }],
  [{ path: join("metadata", "UrbanSound8K.csv") }],
  [{ path: join("FSD50K.ground_truth", "dev.csv") }, { path: join("FSD50K.ground_truth", "eval.csv"), split: "test" }],
  partFiles(names),
  [{ path: "dev.csv" }, { path: "eval.csv", split: "test" }],
  [{ path: "metadata.csv" }, { path: "metadata.jsonl" }],
  partFolders(names),
];

/**
 * The tables of a folder that is laid out as ESC-50, UrbanSound8K, FSD50K or Hugging Face's AudioFolder, or has one for each of its
 * parts; none where it is none of these.
 * @throws UserError where such a table is malformed
 */
export const findTables = async (folder: string): Promise<FoundTables> => {
  const notes: string[] = [];
  for (const known of layoutsOf((await readdir(folder)).sort())) {
    const tables: TableSource[] = [];
    for (const { path, split } of known.filter(({ path }) => existsSync(join(folder, path)))) {
      const table = await readTable(join(folder, path));
      if (isClipTable(table)) tables.push({ table, split });
      else
        notes.push(
          `${table.path}: has no columns of clips and their labels, and is left out: ${table.columns.join(", ")}`,
        );
    }
    if (tables.length > 0) return { tables, notes };
  }
  return { tables: [], notes };
};
