import { rename } from "node:fs/promises";
import { temporaryPath } from "../../compiler/artifact/files/temporary-files.ts";
import type { AudioStream } from "./formats/audio-stream.ts";
import { AudioFault } from "./formats/audio-fault.ts";
import { openClip } from "./open-clip.ts";
import { createWavFile, type WavFile } from "./wav-file.ts";

/** A stretch of a recording, and the file that it becomes. */
export interface Cut {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly target: string;
}

/** So many files are written at once; where more stretches overlap, the recording is decoded again for the others. */
const mostOpen = 16;

interface OpenCut {
  readonly target: string;
  readonly file: WavFile;
  /** Samples of the recording: the first, and the one after the last. */
  readonly from: number;
  readonly to: number;
}

const finish = async ({ target, file }: OpenCut): Promise<void> => {
  await file.finish();
  await rename(temporaryPath(target), target);
};

/**
 * Goes through a recording once.
 * @param cuts by their starts
 * @returns those that too many others overlap with
 */
const cutOnce = async (stream: AudioStream, cuts: readonly Cut[]): Promise<readonly Cut[]> => {
  const postponed: Cut[] = [];
  let open: OpenCut[] = [];
  let [next, position] = [0, 0];
  try {
    for await (const { channels, sampleRateHz } of stream.decode()) {
      const end = position + (channels[0]?.length ?? 0);
      const sampleAt = (seconds: number): number => Math.round(seconds * sampleRateHz);
      for (; next < cuts.length; next++) {
        const cut = cuts[next];
        if (cut === undefined || sampleAt(cut.startSeconds) >= end) break;
        if (open.length === mostOpen) {
          postponed.push(cut);
          continue;
        }
        const { target, startSeconds, endSeconds } = cut;
        const file = await createWavFile(temporaryPath(target), { channels: channels.length, sampleRateHz });
        open.push({ target, file, from: sampleAt(startSeconds), to: sampleAt(endSeconds) });
      }
      for (const { file, from, to } of open) {
        const [first, last] = [Math.max(0, from - position), Math.min(end, to) - position];
        await file.append(channels.map((samples) => samples.subarray(first, last)));
      }
      for (const cut of open.filter(({ to }) => to <= end)) await finish(cut);
      open = open.filter(({ to }) => to > end);
      position = end;
      if (open.length === 0 && next === cuts.length) break;
    }
  } finally {
    // A recording ends before its last frame is full, or breaks off: what there is of it is kept.
    for (const cut of open) await finish(cut);
  }
  return postponed;
};

/**
 * Writes stretches of a recording as WAV files, at its own rate and with its own channels, in memory that grows with neither. What a
 * file breaks off in is kept until there.
 * @param cuts whose files' folders are there
 * @throws UserError where the recording cannot be opened; the file system's error
 */
export const cutClips = (path: string, cuts: readonly Cut[]): Promise<void> =>
  openClip(
    path,
    () => undefined,
    async (stream) => {
      let left = [...cuts].sort((a, b) => a.startSeconds - b.startSeconds);
      try {
        while (left.length > 0) left = [...(await cutOnce(stream, left))];
      } catch (error) {
        // It was told when the recording was heard.
        if (!(error instanceof AudioFault)) throw error;
      }
    },
  );
