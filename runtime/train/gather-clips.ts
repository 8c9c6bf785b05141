/** The clips of a new run, as its data has them; none of them unreadable. */
import { plural } from "../../compiler/artifact/plural.ts";
import type { Recipe } from "../../compiler/artifact/recipe.ts";
import { describeFaults, requireReadable } from "../data/unreadable-clips.ts";
import { describeShared, describeUntrained } from "../data/describe-split.ts";
import type { Clip, Dataset } from "../data/dataset.ts";
import type { ClipLengths, ExamineClips } from "../data/examine-clips.ts";
import { folderOfData } from "../data/sources/given-clips.ts";
import { readDataset } from "../data/sources/read-dataset.ts";
import { type SplitClips, splitClips } from "../data/split-clips.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { clipsDigest, type LeftOut } from "../runs/run-config.ts";
import type { RunClips } from "../runs/run-clips.ts";
import type { RunOptions } from "./run-options.ts";

export interface GatheredClips {
  readonly clips: RunClips;
  /** That the run does without. */
  readonly leftOut: readonly LeftOut[];
  /** The fingerprints of the clips that it trains on or has trained on. */
  readonly trained: readonly string[];
  readonly lengths: ClipLengths;
}

export interface GatherOptions {
  readonly artifact: Artifact;
  readonly recipe: Recipe;
  readonly options: RunOptions;
  readonly examine: ExamineClips;
  /** Whether clips that cannot be read are left out; otherwise they are an error. */
  readonly skipBad: boolean;
  readonly note: (text: string) => void;
}

export const allOf = ({ train, evaluation, test }: SplitClips): readonly Clip[] => [...train, ...evaluation, ...test];

export const trainedIn = ({ train, fingerprints }: RunClips): readonly string[] =>
  train.flatMap((clip) => fingerprints.get(clip) ?? []);

const without = (dataset: Dataset, clips: ReadonlySet<string>): Dataset => ({
  ...dataset,
  clips: dataset.clips.filter(({ name }) => !clips.has(name)),
});

/** Stands for the clips of a run, in its config. */
export const digestOf = ({ train, evaluation, test }: SplitClips, { data, evalData }: RunOptions): string =>
  clipsDigest([
    { clips: train, data: folderOfData(data) },
    { clips: evaluation, data: folderOfData(evalData ?? data) },
    ...(test.length > 0 ? [{ clips: test, data: folderOfData(data) }] : []),
  ]);

export const asLeftOut = (faults: ReadonlyMap<Clip, string>): readonly LeftOut[] =>
  [...faults].map(([{ name }, reason]) => ({ clip: name, reason }));

export const noteLeftOut = ({ note }: GatherOptions, leftOut: readonly LeftOut[], clips: number): void => {
  if (leftOut.length === 0) return;
  const reasons = leftOut.map(({ reason }) => reason);
  note(describeFaults(reasons, clips, `${plural(leftOut.length, "it is", "they are")} left out`));
};

/**
 * The clips that the data names, as they are now.
 * @param earlier that are left out whatever they are now
 * @returns undefined where a signal ended it
 * @throws UserError where the data is malformed, or clips cannot be read: all of them at once
 */
export const gatherClips = async (
  gathering: GatherOptions,
  earlier: readonly LeftOut[] = [],
): Promise<GatheredClips | undefined> => {
  const { artifact, recipe, options, examine, skipBad, note } = gathering;
  const { classes, objective } = artifact.metadata;
  const { data, labels, fold, evalData } = options;
  const known = new Set(earlier.map(({ clip }) => clip));
  let dataset = without(await readDataset({ classes, objective, data, labels, fold, skipBad }), known);
  let evaluation =
    evalData === undefined
      ? undefined
      : without(await readDataset({ classes, objective, data: evalData, labels, skipBad }), known);
  const leftOut: LeftOut[] = [];
  for (;;) {
    const split = splitClips(dataset, { seed: recipe.seed, evaluation });
    const clips = allOf(split);
    const examination = await examine(clips);
    if (!examination) return undefined;
    const { fingerprints, faults, lengths } = examination;
    if (!skipBad) requireReadable(faults, clips.length);
    if (faults.size === 0) {
      noteLeftOut(gathering, leftOut, clips.length + leftOut.length);
      const notes = [
        ...dataset.notes,
        ...(evaluation?.notes ?? []),
        describeUntrained(dataset, split.train),
        describeShared(split.train, [...split.evaluation, ...split.test], fingerprints),
      ];
      for (const text of notes) if (text !== undefined) note(text);
      const gathered = { ...split, fingerprints };
      return { clips: gathered, leftOut: [...earlier, ...leftOut], trained: trainedIn(gathered), lengths };
    }
    // What is left is divided anew; that may bring other clips in.
    leftOut.push(...asLeftOut(faults));
    const names = new Set(leftOut.map(({ clip }) => clip));
    dataset = without(dataset, names);
    evaluation = evaluation && without(evaluation, names);
  }
};
