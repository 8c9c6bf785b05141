/** Which of the clips to measure a graph on it was trained on: there it is better than on any others. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { plural } from "../../compiler/artifact/plural.ts";
import type { Clip } from "../data/dataset.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { type TrainedClips, trainedClipsOf } from "../artifact/trained-clips.ts";
import { readRunClips } from "../runs/run-clips.ts";
import { runFolder } from "../runs/run-folder.ts";

export interface TrainedAmong {
  /** Those that are known to be among the graph's. */
  readonly known: ReadonlySet<Clip>;
  /** How many there are. */
  readonly count: number;
  /** Whether there are no others than the known ones; otherwise the count is an estimate. */
  readonly isExact: boolean;
}

/**
 * The clips that a graph was trained on: as it tells itself, and, where that is a sample, as the run does whose folder it is in.
 * @throws UserError where the run's list is damaged
 */
export const findTrainedClips = async (artifact: Artifact): Promise<TrainedClips | undefined> => {
  const own = trainedClipsOf(artifact);
  const folder = runFolder(dirname(artifact.path));
  if (own?.knownTo === undefined || !existsSync(folder.clips)) return own;
  const { train, fingerprints } = await readRunClips(folder, artifact.metadata.classes);
  const ofRun = train.flatMap((clip) => fingerprints.get(clip) ?? []);
  return { ...own, fingerprints: new Set([...own.fingerprints, ...ofRun]), knownTo: undefined };
};

/** @returns undefined where nothing is known: the graph does not tell, or so small a part that none of these clips is in it */
export const trainedAmong = (
  trained: TrainedClips | undefined,
  clips: readonly Clip[],
  fingerprintOf: ReadonlyMap<Clip, string>,
): TrainedAmong | undefined => {
  if (!trained) return undefined;
  const { fingerprints, knownTo } = trained;
  const known = new Set(clips.filter((clip) => fingerprints.has(fingerprintOf.get(clip) ?? "")));
  if (knownTo === undefined) return { known, count: known.size, isExact: true };
  const isTold = (clip: Clip): boolean => (fingerprintOf.get(clip) ?? "") <= knownTo;
  const told = clips.filter(isTold).length;
  return told === 0 ? undefined : { known, count: Math.round((known.size / told) * clips.length), isExact: false };
};

/** Those of several graphs together. */
export const mergeTrained = (all: readonly (TrainedAmong | undefined)[]): TrainedAmong | undefined => {
  const known = new Set(all.flatMap((trained) => [...(trained?.known ?? [])]));
  if (all.every((trained) => trained === undefined)) return undefined;
  const largest = Math.max(...all.map((trained) => trained?.count ?? 0));
  const isExact = all.every((trained) => trained?.isExact ?? true);
  return { known, count: isExact ? known.size : Math.max(known.size, largest), isExact };
};

/** In words, of so many clips. */
export const describeTrained = ({ count, isExact }: Omit<TrainedAmong, "known">, clips: number): string =>
  `${isExact ? "" : "about "}${count} of ${clips} clips ${plural(count, "was", "were")} trained on`;
