/** One clip for each file. */
import { quoted } from "../../../compiler/artifact/printable.ts";
import type { ArtifactMetadata } from "../../../compiler/artifact/metadata.ts";
import { formatWhere, type Where, UserError } from "../../user-error.ts";
import { isBackground } from "../background.ts";
import type { Clip } from "../dataset.ts";
import { fileOf } from "../file-of.ts";

/** A clip, and where it is listed. */
export interface PlacedClip {
  readonly clip: Clip;
  readonly where: () => Where;
}

export interface MergeOptions {
  readonly classes: readonly string[];
  readonly objective: ArtifactMetadata["objective"] | undefined;
}

/**
 * Joins what is listed several times, once for each label; the same file with the same labels is taken once, and that is told.
 * @throws UserError where a file is for training and for evaluation, or of several classes for a graph that gives one
 */
export const mergeClips = (
  placed: readonly PlacedClip[],
  { classes, objective }: MergeOptions,
): { readonly clips: readonly Clip[]; readonly notes: readonly string[] } => {
  const merged = new Map<string, PlacedClip>();
  const repeated: PlacedClip[] = [];
  for (const one of placed) {
    const file = fileOf(one.clip);
    const earlier = merged.get(file);
    if (!earlier) {
      merged.set(file, one);
      continue;
    }
    requireSamePart(earlier, one);
    if (isBackground(earlier.clip) !== isBackground(one.clip)) throw backgroundOfClass(earlier, one, classes);
    const classIndices = [...new Set([...earlier.clip.classIndices, ...one.clip.classIndices])];
    if (classIndices.length === earlier.clip.classIndices.length) {
      repeated.push(one);
      continue;
    }
    if (objective === "single-label") throw severalLabels(earlier, one, classes);
    merged.set(file, { ...earlier, clip: { ...earlier.clip, classIndices } });
  }
  return { clips: Array.from(merged.values(), ({ clip }) => clip), notes: describeRepeated(repeated) };
};

const requireSamePart = (earlier: PlacedClip, later: PlacedClip): void => {
  const [then, now] = [earlier, later].map(({ clip: { split, fold } }) => [split, fold] as const);
  if (then === undefined || now === undefined) return;
  const [{ name }, there] = [later.clip, formatWhere(earlier.where())];
  if (now[1] !== then[1]) {
    throw new UserError(
      "clip-in-two-folds",
      { ...later.where(), clip: name },
      `${name} is in fold ${now[1]}, and by ${there} in fold ${then[1]}; a clip is in one`,
    );
  }
  if (now[0] === then[0]) return;
  throw new UserError(
    "clip-in-two-parts",
    { ...later.where(), clip: name },
    `${name} is for ${nameOf(now[0])}, and by ${there} for ${nameOf(then[0])}; a clip that is trained on tells nothing about others`,
  );
};

const nameOf = (split: Clip["split"]): string => (split === "train" ? "training" : (split ?? "nothing"));

const severalLabels = (earlier: PlacedClip, later: PlacedClip, classes: readonly string[]): UserError => {
  const label = ({ clip }: PlacedClip): string => quoted(classes[clip.classIndices[0] ?? 0] ?? "");
  return new UserError(
    "several-labels",
    { ...later.where(), clip: later.clip.name },
    `${later.clip.name} is ${label(later)}, and by ${formatWhere(earlier.where())} ${label(earlier)}; the graph's objective is singleLabel, expected one label`,
  );
};

const backgroundOfClass = (earlier: PlacedClip, later: PlacedClip, classes: readonly string[]): UserError => {
  const label = ({ clip }: PlacedClip): string =>
    isBackground(clip) ? "background" : quoted(classes[clip.classIndices[0] ?? 0] ?? "");
  return new UserError(
    "background-of-class",
    { ...later.where(), clip: later.clip.name },
    `${later.clip.name} is ${label(later)}, and by ${formatWhere(earlier.where())} ${label(earlier)}; background is of none of the classes`,
  );
};

const describeRepeated = (repeated: readonly PlacedClip[]): readonly string[] => {
  const [first] = repeated;
  if (!first) return [];
  const count = repeated.length === 1 ? "a clip is" : `${repeated.length} clips are`;
  return [
    `${formatWhere(first.where())}: ${count} listed again with the same label, and taken once, such as ${first.clip.name}`,
  ];
};
