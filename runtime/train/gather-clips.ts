/** The clips of a run: as its data has them, or as it began with them; none of them unreadable. */
import { existsSync } from "node:fs";
import type { Recipe } from "../../compiler/artifact/metadata.ts";
import { describeFaults } from "../data/describe-faults.ts";
import { describeShared } from "../data/describe-shared.ts";
import { describeUntrained } from "../data/describe-untrained.ts";
import type { Clip, Dataset } from "../data/dataset.ts";
import { embeddedName } from "../data/embedded.ts";
import type { ExamineClips } from "../data/examine-clips.ts";
import { readDataset } from "../data/read-dataset.ts";
import { requireReadable } from "../data/require-readable.ts";
import { type SplitClips, splitClips } from "../data/split-clips.ts";
import { standIn } from "../data/stand-in.ts";
import type { Artifact } from "../artifact/read-artifact.ts";
import { UserError } from "../user-error.ts";
import { clipsDigest, type LeftOut, type Run } from "../runs/run-config.ts";
import { readRunClips, type RunClips } from "../runs/run-clips.ts";
import type { RunFolder } from "../runs/run-folder.ts";
import type { RunValues } from "./run-values.ts";

export interface GatheredClips {
  readonly clips: RunClips;
  /** That the run does without. */
  readonly leftOut: readonly LeftOut[];
  /** The fingerprints of the clips that it trains on or has trained on. */
  readonly trained: readonly string[];
}

export interface GatherOptions {
  readonly artifact: Artifact;
  readonly recipe: Recipe;
  readonly values: RunValues;
  readonly examine: ExamineClips;
  /** Whether clips that cannot be read are left out; otherwise they are an error. */
  readonly skipBad: boolean;
  readonly note: (text: string) => void;
}

const allOf = ({ train, evaluation, test }: SplitClips): readonly Clip[] => [...train, ...evaluation, ...test];

const trainedIn = ({ train, fingerprints }: RunClips): readonly string[] =>
  train.flatMap((clip) => fingerprints.get(clip) ?? []);

const without = (dataset: Dataset, clips: ReadonlySet<string>): Dataset => ({
  ...dataset,
  clips: dataset.clips.filter(({ name }) => !clips.has(name)),
});

/** Stands for the clips of a run, in its config. */
export const digestOf = ({ train, evaluation, test }: SplitClips, { data, "eval-data": evalData }: RunValues): string =>
  clipsDigest([
    { clips: train, data },
    { clips: evaluation, data: evalData ?? data },
    ...(test.length > 0 ? [{ clips: test, data }] : []),
  ]);

const asLeftOut = (faults: ReadonlyMap<Clip, string>): readonly LeftOut[] =>
  [...faults].map(([{ name }, reason]) => ({ clip: name, reason }));

const noteLeftOut = ({ note }: GatherOptions, leftOut: readonly LeftOut[], clips: number): void => {
  if (leftOut.length === 0) return;
  const reasons = leftOut.map(({ reason }) => reason);
  note(describeFaults(reasons, clips, `${leftOut.length === 1 ? "it is" : "they are"} left out`));
};

/**
 * The clips that the data names, as they are now.
 * @param earlier that are left out whatever they are now
 * @returns undefined where a signal ended it
 * @throws UserError where the data is malformed, or clips cannot be read: all of them at once
 */
export const gatherClips = async (
  options: GatherOptions,
  earlier: readonly LeftOut[] = [],
): Promise<GatheredClips | undefined> => {
  const { artifact, recipe, values, examine, skipBad, note } = options;
  const { classes, objective } = artifact.metadata;
  const { data, labels, fold, "eval-data": evalData } = values;
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
    const { fingerprints, faults } = examination;
    if (!skipBad) requireReadable(faults, clips.length);
    if (faults.size === 0) {
      noteLeftOut(options, leftOut, clips.length + leftOut.length);
      const notes = [
        ...dataset.notes,
        ...(evaluation?.notes ?? []),
        describeUntrained(dataset, split.train),
        describeShared(split.train, [...split.evaluation, ...split.test], fingerprints),
      ];
      for (const text of notes) if (text !== undefined) note(text);
      const gathered = { ...split, fingerprints };
      return { clips: gathered, leftOut: [...earlier, ...leftOut], trained: trainedIn(gathered) };
    }
    // What is left is divided anew; that may bring other clips in.
    leftOut.push(...asLeftOut(faults));
    const names = new Set(leftOut.map(({ clip }) => clip));
    dataset = without(dataset, names);
    evaluation = evaluation && without(evaluation, names);
  }
};

const requireSameClips = ({ path }: RunFolder, { data, clips: then }: Run, now: SplitClips, sha256: string): void => {
  if (sha256 === then.sha256) return;
  const count = (train: number, evaluation: number) => `${train} to train on and ${evaluation} to evaluate on`;
  throw new UserError(
    "clips-changed",
    { path: data ?? embeddedName, run: path },
    `not the clips that ${path} was started with: ${count(then.train, then.evaluation)}; now ${count(now.train.length, now.evaluation.length)}, or others`,
  );
};

/** Why clips that were readable when the run began are not, or are others, by now. */
const findChanges = async (
  { fingerprints: then }: RunClips,
  clips: readonly Clip[],
  examine: ExamineClips,
): Promise<ReadonlyMap<Clip, string> | undefined> => {
  const now = await examine(clips);
  if (!now) return undefined;
  const changed = clips.flatMap((clip): [Clip, string][] => {
    const [before, after] = [then.get(clip), now.fingerprints.get(clip)];
    const isSame = before === undefined || after === undefined || before === after;
    return isSame ? [] : [[clip, `${clip.name}: its content has changed since the run began`]];
  });
  return new Map([...now.faults, ...changed]);
};

/** In the place of each clip to train on that is left out another of its classes, or any: the run keeps its steps and draws. */
const fillIn = (clips: readonly Clip[], isLeftOut: (clip: Clip) => boolean): readonly Clip[] => {
  const any = clips.find((clip) => !isLeftOut(clip));
  return clips.flatMap((clip) => (isLeftOut(clip) ? (standIn(clips, clip, isLeftOut) ?? any ?? []) : [clip]));
};

/**
 * The clips that a run began with, less those that it does without since.
 * @param origin what their paths are relative to
 * @returns undefined where a signal ended it
 * @throws UserError where they are not those of the run's config, or cannot be read by now: all of them at once
 */
export const gatherRunClips = async (
  folder: RunFolder,
  run: Run,
  earlier: readonly LeftOut[],
  { origin, ...options }: GatherOptions & { readonly origin: string },
): Promise<GatheredClips | undefined> => {
  const { artifact, values, examine, skipBad } = options;
  if (!existsSync(folder.clips)) {
    const gathered = await gatherClips(options, earlier);
    if (gathered) requireSameClips(folder, run, gathered.clips, digestOf(gathered.clips, values));
    return gathered;
  }
  const began = await readRunClips({ path: origin, clips: folder.clips }, artifact.metadata.classes);
  if (digestOf(began, values) !== run.clips.sha256) {
    throw new UserError(
      "file-damaged",
      { path: folder.clips },
      "not what the training wrote when it began; restore or delete it",
    );
  }
  const names = new Set(earlier.map(({ clip }) => clip));
  const clips = allOf(began).filter(({ name }) => !names.has(name));
  const faults = await findChanges(began, clips, examine);
  if (!faults) return undefined;
  if (!skipBad) requireReadable(faults, clips.length, true);
  const later = asLeftOut(faults);
  noteLeftOut(options, later, clips.length);
  for (const { clip } of later) names.add(clip);
  const isLeftOut = ({ name }: Clip): boolean => names.has(name);
  const kept = {
    train: fillIn(began.train, isLeftOut),
    evaluation: began.evaluation.filter((clip) => !isLeftOut(clip)),
    test: began.test.filter((clip) => !isLeftOut(clip)),
  };
  if (kept.train.length === 0 || kept.evaluation.length === 0) {
    throw new UserError(
      "no-clip-left",
      { path: folder.path },
      `no clip to ${kept.train.length === 0 ? "train" : "evaluate"} on is left`,
    );
  }
  const { fingerprints } = began;
  return { clips: { ...kept, fingerprints }, leftOut: [...earlier, ...later], trained: trainedIn(began) };
};
