import type { Clip, Dataset } from "../data/dataset.ts";
import { describeFaults, requireReadable } from "../data/unreadable-clips.ts";
import { createClipExaminer } from "../data/examine-clips.ts";
import { evaluationClips } from "../data/split-clips.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { findTrainedClips, mergeTrained, trainedAmong, type TrainedAmong } from "./trained-among.ts";

export interface ChooseOptions {
  /** Whether to take clips that a graph was trained on where there are others. */
  readonly all: boolean;
  /** Whether clips that cannot be read are left out; otherwise they are an error. */
  readonly skipBad: boolean;
  /** Told what the user should know. */
  readonly note: (text: string) => void;
  /** Told how many clips are opened, of all there are. */
  readonly onExamined?: (clips: number, of: number) => void;
  readonly signal: AbortSignal;
}

export interface ChosenClips {
  readonly clips: readonly Clip[];
  /** How many others a graph was trained on. */
  readonly leftOut: number;
  /** Which of some clips each graph was trained on. */
  readonly trainedIn: (clips: readonly Clip[]) => readonly (TrainedAmong | undefined)[];
}

/** The clips that can be read, of those that the data has to measure a graph on; undefined where the signal ended it. */
const readableClips = async (
  dataset: Dataset,
  { metadata }: Artifact,
  { skipBad, note, onExamined, signal }: ChooseOptions,
) => {
  const clips = evaluationClips(dataset);
  const examination = await createClipExaminer({ ...metadata, onExamined, signal })(clips);
  if (!examination) return undefined;
  const { fingerprints, faults } = examination;
  if (!skipBad) requireReadable(faults, clips.length);
  if (faults.size > 0) note(describeFaults(faults.values(), clips.length, "left out"));
  return { clips: clips.filter((clip) => !faults.has(clip)), fingerprints };
};

/**
 * What to measure graphs on: the clips that the data keeps for evaluation, whatever they are; of data that keeps none those
 * that no graph was trained on, if there are any.
 * @returns undefined where the signal ended it
 * @throws UserError where there is none, or some cannot be read: all of them at once
 */
export const chooseClips = async (
  dataset: Dataset,
  artifacts: readonly [Artifact, ...(readonly Artifact[])],
  options: ChooseOptions,
): Promise<ChosenClips | undefined> => {
  const readable = await readableClips(dataset, artifacts[0], options);
  if (!readable) return undefined;
  const trained = await Promise.all(artifacts.map(findTrainedClips));
  const trainedIn = (clips: readonly Clip[]) =>
    trained.map((clipsOfOne) => trainedAmong(clipsOfOne, clips, readable.fingerprints));
  const known = mergeTrained(trainedIn(readable.clips))?.known ?? new Set();
  const heldOut = readable.clips.filter((clip) => !known.has(clip));
  const isDivided = dataset.clips.some(({ split }) => split === "validation" || split === "test");
  const clips = options.all || isDivided || heldOut.length === 0 ? readable.clips : heldOut;
  return { clips, leftOut: readable.clips.length - clips.length, trainedIn };
};
