import { quoted } from "../../compiler/artifact/printable.ts";
import { resolve } from "node:path";
import type { Clip, Dataset } from "../data/dataset.ts";
import { UserError } from "../user-error.ts";

const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;

const row = ({ classes }: Dataset, { source, classIndices }: Clip, split: string): string => {
  if (!("path" in source)) throw new UserError("embedded-not-divisible", {}, "the embedded sounds cannot be divided");
  const labels = classIndices.map((index) => classes[index] ?? "");
  const separated = labels.find((label) => label.includes(";"));
  if (separated !== undefined)
    throw new UserError(
      "label-not-listable",
      { label: separated },
      `the label ${quoted(separated)} cannot be listed: ";" separates labels`,
    );
  return [resolve(source.path), labels.join(";"), split].map(quote).join(",");
};

/** One fold as a CSV that `--data` takes: path, label and split. */
export const foldTable = (dataset: Dataset, foldOf: ReadonlyMap<Clip, number>, heldOut: number): string => {
  const rows = dataset.clips.map((clip) => row(dataset, clip, foldOf.get(clip) === heldOut ? "test" : "train"));
  return `${["path,label,split", ...rows].join("\n")}\n`;
};
