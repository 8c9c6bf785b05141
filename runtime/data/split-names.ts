import type { Split } from "./dataset.ts";

/** What data sets call their parts. */
export const splitNames: ReadonlyMap<string, Split> = new Map([
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
]);
