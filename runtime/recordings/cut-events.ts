/** Events as clips of their own, to be listened to. */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Cut, cutClips } from "../audio/cut-clips.ts";
import type { SoundEvent } from "../evaluate/answers.ts";
import { createFolders } from "../files/create-folders.ts";
import { writeFailure } from "../files/write-failure.ts";
import { UserError } from "../user-error.ts";
import type { AnswerOutput } from "./answer-output.ts";
import { fileNameFor, safePart } from "./file-names.ts";
import type { Recording } from "./list-recordings.ts";

export interface CutOptions {
  readonly folder: string;
  /** What is added before and after each event, as far as the recording goes. */
  readonly padSeconds: number;
  readonly recordings: readonly Recording[];
}

/** What most names of classes take. */
const mostLabelBytes = 80;

/** Such as 000012.500: names sort as times do. */
const timeIn = (seconds: number): string => seconds.toFixed(3).padStart(10, "0");

/** Recording, times, class and score, in a name that sorts by the first two. */
const cutName = (
  { name }: Recording,
  { startSeconds, endSeconds, label, score }: SoundEvent,
  again: number,
): string => {
  const parts = [`${timeIn(startSeconds)}-${timeIn(endSeconds)}`, safePart(label, mostLabelBytes), score.toFixed(4)];
  return fileNameFor(name, `_${parts.join("_")}${again === 0 ? "" : `_${again + 1}`}.wav`);
};

/** @throws UserError unless the folder is empty, or not there: what is cut takes no file's place */
export const requireEmptyFolder = (folder: string): void => {
  let names: readonly string[] = [];
  try {
    names = readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTDIR") throw new UserError("not-a-folder", { path: folder }, "this is a file; expected a folder");
    if (code !== "ENOENT") throw writeFailure(folder, error);
  }
  if (names.length === 0) return;
  throw new UserError("output-exists", { target: folder }, `${folder} is not empty, and nothing is overwritten`);
};

/** Cuts the events of each recording when it has ended: its files are whole before anything else is told of that. */
export const createEventCutter = ({ folder, padSeconds, recordings }: CutOptions): AnswerOutput => {
  const known = new Map(recordings.map((recording) => [recording.path, recording]));
  let cuts: Cut[] = [];
  const names = new Map<string, number>();
  const add = (recording: Recording, event: SoundEvent): void => {
    const first = cutName(recording, event, 0);
    const again = names.get(first) ?? 0;
    names.set(first, again + 1);
    const target = join(folder, cutName(recording, event, again));
    const [startSeconds, endSeconds] = [Math.max(0, event.startSeconds - padSeconds), event.endSeconds + padSeconds];
    cuts.push({ startSeconds, endSeconds, target });
  };
  const cutAll = async (path: string): Promise<void> => {
    const cutting = cuts;
    cuts = [];
    names.clear();
    const [first] = cutting;
    if (first === undefined) return;
    try {
      createFolders(dirname(first.target));
      await cutClips(path, cutting);
    } catch (error) {
      throw writeFailure(folder, error);
    }
  };
  return {
    take: (answer) => {
      const recording = known.get(answer.path);
      if (recording && answer.kind === "event") add(recording, answer.event);
      return answer.kind === "end" ? cutAll(answer.path) : undefined;
    },
  };
};
