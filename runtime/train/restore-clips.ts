/** The clips that a run began with, as they are by now; none of them unreadable. */
import { existsSync } from "node:fs";
import type { Clip } from "../data/dataset.ts";
import { embeddedName } from "../data/embedded.ts";
import type { Examination, ExamineClips } from "../data/examine-clips.ts";
import { requireReadable } from "../data/unreadable-clips.ts";
import type { SplitClips } from "../data/split-clips.ts";
import { standIn } from "../data/stand-in.ts";
import { readRunClips, type RunClips } from "../runs/run-clips.ts";
import type { LeftOut, Run } from "../runs/run-config.ts";
import type { RunFolder } from "../runs/run-folder.ts";
import { UserError } from "../user-error.ts";
import {
  allOf,
  asLeftOut,
  digestOf,
  type GatheredClips,
  gatherClips,
  type GatherOptions,
  noteLeftOut,
  trainedIn,
} from "./gather-clips.ts";

const requireSameClips = ({ path }: RunFolder, { data, clips: then }: Run, now: SplitClips, sha256: string): void => {
  if (sha256 === then.sha256) return;
  const count = (train: number, evaluation: number) => `${train} to train on and ${evaluation} to evaluate on`;
  throw new UserError(
    "clips-changed",
    { path: data ?? embeddedName, run: path },
    `not the clips that ${path} was started with: ${count(then.train, then.evaluation)}; now ${count(now.train.length, now.evaluation.length)}, or others`,
  );
};

/** Why clips that were readable when the run began are not, or are others, by now; and how long they are. */
const findChanges = async (
  { fingerprints: then }: RunClips,
  clips: readonly Clip[],
  examine: ExamineClips,
): Promise<Pick<Examination, "faults" | "lengths"> | undefined> => {
  const now = await examine(clips);
  if (!now) return undefined;
  const changed = clips.flatMap((clip): [Clip, string][] => {
    const [before, after] = [then.get(clip), now.fingerprints.get(clip)];
    const isSame = before === undefined || after === undefined || before === after;
    return isSame ? [] : [[clip, `${clip.name}: its content has changed since the run began`]];
  });
  return { faults: new Map([...now.faults, ...changed]), lengths: now.lengths };
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
export const restoreClips = async (
  folder: RunFolder,
  run: Run,
  earlier: readonly LeftOut[],
  { origin, ...gathering }: GatherOptions & { readonly origin: string },
): Promise<GatheredClips | undefined> => {
  const { artifact, options, examine, skipBad } = gathering;
  if (!existsSync(folder.clips)) {
    const gathered = await gatherClips(gathering, earlier);
    if (gathered) requireSameClips(folder, run, gathered.clips, digestOf(gathered.clips, options));
    return gathered;
  }
  const began = await readRunClips({ path: origin, clips: folder.clips }, artifact.metadata.classes);
  if (digestOf(began, options) !== run.clips.sha256) {
    throw new UserError(
      "file-damaged",
      { path: folder.clips },
      "not what the training wrote when it began; restore or delete it",
    );
  }
  const names = new Set(earlier.map(({ clip }) => clip));
  const clips = allOf(began).filter(({ name }) => !names.has(name));
  const found = await findChanges(began, clips, examine);
  if (!found) return undefined;
  const { faults, lengths } = found;
  if (!skipBad) requireReadable(faults, clips.length, true);
  const later = asLeftOut(faults);
  noteLeftOut(gathering, later, clips.length);
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
  return { clips: { ...kept, fingerprints }, leftOut: [...earlier, ...later], trained: trainedIn(began), lengths };
};
