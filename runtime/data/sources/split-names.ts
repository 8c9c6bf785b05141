import type { Split } from "../dataset.ts";

/** What a part of a data set may be for; clips without labels are for nothing here. */
export type Part = Split | "unlabeled";

/** What data sets call their parts. */
const parts: ReadonlyMap<string, Part> = new Map([
  ["train", "train"],
  ["training", "train"],
  ["val", "validation"],
  ["valid", "validation"],
  ["validation", "validation"],
  ["dev", "validation"],
  ["test", "test"],
  ["testing", "test"],
  ["eval", "test"],
  ["evaluation", "test"],
  ["unlabeled", "unlabeled"],
  ["unlabelled", "unlabeled"],
]);

export const partNames: readonly string[] = [...parts.keys()];

/** What a part of this name is for, in any case, such as `Train`, `test_set` or `Validation data`; undefined where it names none. */
export const partOf = (name: string): Part | undefined =>
  parts.get(
    name
      .trim()
      .toLowerCase()
      .replace(/[\s_-]*(set|data|split)$/, ""),
  );
