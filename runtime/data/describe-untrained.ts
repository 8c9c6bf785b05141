import { shortenList } from "../text/shorten-list.ts";
import { quoted } from "../../compiler/artifact/printable.ts";
import type { Clip, Dataset } from "./dataset.ts";

const listedAtMost = 10;

/** The classes that no clip to train on has, for people; undefined where there is none such. */
export const describeUntrained = ({ name, classes }: Dataset, train: readonly Clip[]): string | undefined => {
  const trained = new Set(train.flatMap(({ classIndices }) => classIndices));
  const untrained = classes.filter((_, index) => !trained.has(index));
  if (untrained.length === 0) return undefined;
  const listed = shortenList(untrained.map(quoted), listedAtMost);
  return `${name}: no clip to train on for ${untrained.length} of ${classes.length} classes: ${listed}`;
};
