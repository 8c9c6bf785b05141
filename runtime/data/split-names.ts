import type { Split } from "./dataset.ts";

/** What data sets call their parts. */
export const splitNames: ReadonlyMap<string, Split> = new Map([
  ["train", "train"],
  ["training", "train"],
  ["eval", "eval"],
  ["evaluation", "eval"],
  ["val", "eval"],
  ["valid", "eval"],
  ["validation", "eval"],
  ["dev", "eval"],
  ["test", "eval"],
  ["testing", "eval"],
]);
