/** What is doubtful about how clips are divided, for people. */
import { quoted } from "../../compiler/artifact/printable.ts";
import { shortenList } from "../text/shorten-list.ts";
import type { Clip, Dataset } from "./dataset.ts";
import { fileOf } from "./file-of.ts";

const listedAtMost = 10;

/** The classes that no clip to train on has, for people; undefined where there is none such. */
export const describeUntrained = ({ name, classes }: Dataset, train: readonly Clip[]): string | undefined => {
  const trained = new Set(train.flatMap(({ classIndices }) => classIndices));
  const untrained = classes.filter((_, index) => !trained.has(index));
  if (untrained.length === 0) return undefined;
  const listed = shortenList(untrained.map(quoted), listedAtMost);
  return `${name}: no clip to train on for ${untrained.length} of ${classes.length} classes: ${listed}`;
};

/**
 * How many of the clips to evaluate on are trained on too, as the same file or a copy of it, for people: what they are answered
 * tells little about new clips. Undefined where there are none.
 * @param fingerprints what tells files from others, whatever they are called
 */
export const describeShared = (
  train: readonly Clip[],
  evaluation: readonly Clip[],
  fingerprints: ReadonlyMap<Clip, string>,
): string | undefined => {
  const files = new Set(train.map(fileOf));
  const copies = new Map(train.map((clip) => [fingerprints.get(clip), clip.name]));
  const shared = evaluation.flatMap((clip) => {
    if (!("path" in clip.source)) return [];
    if (files.has(fileOf(clip))) return [clip.name];
    const fingerprint = fingerprints.get(clip);
    const original = fingerprint === undefined ? undefined : copies.get(fingerprint);
    return original === undefined ? [] : [`${clip.name}, a copy of ${original}`];
  });
  const [first] = shared;
  if (first === undefined) return undefined;
  return `${shared.length} of the ${evaluation.length} clips to evaluate on are also trained on, among them ${first}`;
};
