/** Which clips each fold of a cross-validation holds out. */
import { resolve } from "node:path";
import { quoted } from "../../compiler/artifact/printable.ts";
import { backgroundLabel, groupOf, isBackground } from "../data/background.ts";
import type { Clip, Dataset } from "../data/dataset.ts";
import { groupBy } from "../data/group-by.ts";
import { randomOf } from "../data/random.ts";
import { UserError } from "../user-error.ts";

/** The folds that the data itself has, rising; none where it has none. */
export const ownFolds = ({ clips }: Dataset): readonly number[] =>
  [...new Set(clips.flatMap(({ fold }) => fold ?? []))].sort((a, b) => a - b);

/**
 * Divides clips into folds of which each has its share of every class (of a clip's first), shuffled by the seed.
 * @returns for each clip its fold, from 1
 * @throws UserError where a class has fewer clips than there are folds
 */
export const stratify = ({ name, classes, clips }: Dataset, folds: number, seed: number): ReadonlyMap<Clip, number> => {
  const members = groupBy(clips, groupOf);
  for (const [index, { length }] of members) {
    if (length >= folds) continue;
    throw new UserError(
      "too-few-clips",
      { path: name, class: classes[index] ?? backgroundLabel, clips: length, folds },
      `${quoted(classes[index] ?? backgroundLabel)} has ${length} clips, too few for ${folds} folds`,
    );
  }
  // Each class goes on where the last ended, so that folds differ by one clip at most.
  const dealt = [...members].flatMap(([index, group]) => randomOf(seed, index).shuffle(group));
  return new Map(dealt.map((clip, position) => [clip, (position % folds) + 1]));
};

const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;

const row = ({ classes }: Dataset, clip: Clip, split: string): string => {
  const { source, classIndices } = clip;
  if (!("path" in source)) throw new UserError("embedded-not-divisible", {}, "the embedded sounds cannot be divided");
  const labels = isBackground(clip) ? [backgroundLabel] : classIndices.map((index) => classes[index] ?? "");
  const separated = labels.find((label) => label.includes(";"));
  if (separated !== undefined)
    throw new UserError(
      "label-not-listable",
      { label: separated },
      `the label ${quoted(separated)} cannot be listed: ";" separates labels`,
    );
  return [resolve(source.path), labels.join(";"), split].map(quote).join(",");
};

/** One fold as the text of a table of clips: path, label and split. */
export const foldTable = (dataset: Dataset, foldOf: ReadonlyMap<Clip, number>, heldOut: number): string => {
  const rows = dataset.clips.map((clip) => row(dataset, clip, foldOf.get(clip) === heldOut ? "test" : "train"));
  return `${["path,label,split", ...rows].join("\n")}\n`;
};
