/** Opens every clip before any is needed, so that none is met for the first time after an hour. */
import { fingerprintClip } from "../audio/fingerprint-clip.ts";
import { probeClip } from "../audio/probe-clip.ts";
import { UserError } from "../user-error.ts";
import type { Clip } from "./dataset.ts";
import { soundSeconds } from "./synthesise.ts";

export interface Examination {
  /** Of each clip that is a file and can be read: see `fingerprintClip`. */
  readonly fingerprints: ReadonlyMap<Clip, string>;
  /** Why each of the others cannot be read. */
  readonly faults: ReadonlyMap<Clip, string>;
  /** Of those that can be read. */
  readonly lengths: ClipLengths;
}

/** How long clips are; Infinity where a file's header does not tell. */
export interface ClipLengths {
  readonly clips: number;
  readonly longestSeconds: number;
  /** Of all together. */
  readonly totalSeconds: number;
}

/** @returns undefined where the signal ended it */
export type ExamineClips = (clips: readonly Clip[]) => Promise<Examination | undefined>;

export interface ExaminerOptions {
  /** The model's. */
  readonly sampleRateHz: number;
  readonly minSamples: number;
  readonly signal: AbortSignal;
  /** Told how many clips are opened, of all there are; when it is over, that all are. */
  readonly onExamined?: ((clips: number, of: number) => void) | undefined;
}

type Finding = { readonly fingerprint: string; readonly seconds: number } | { readonly fault: string };

/** Files that are open at a time. */
const concurrency = 16;

/** Calls `act` for each item, several at a time. */
const forEach = async <Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> => {
  const queue = items.values();
  const work = async (): Promise<void> => {
    for (const item of queue) await act(item);
  };
  await Promise.all(Array.from({ length: concurrency }, work));
};

const examine = async (path: string, { sampleRateHz, minSamples }: ExaminerOptions): Promise<Finding> => {
  try {
    const { seconds = Infinity } = await probeClip(path);
    // A sample less may be rounding.
    if (seconds * sampleRateHz < minSamples - 1) {
      const milliseconds = (samples: number): string => `${Math.round((samples / sampleRateHz) * 1000)} ms`;
      return {
        fault: `${path}: the clip has ${milliseconds(seconds * sampleRateHz)}; the model needs ${milliseconds(minSamples)} or more`,
      };
    }
    return { fingerprint: await fingerprintClip(path), seconds };
  } catch (error) {
    if (error instanceof UserError) return { fault: error.message };
    throw error;
  }
};

/** Reads the header of each clip, and what tells it from others; of a file that it has seen, it knows both. */
export const createClipExaminer = (options: ExaminerOptions): ExamineClips => {
  const found = new Map<string, Finding>();
  return async (clips) => {
    const paths = clips.flatMap(({ source }) => ("path" in source && !found.has(source.path) ? [source.path] : []));
    let done = 0;
    await forEach(paths, async (path) => {
      if (options.signal.aborted) return;
      found.set(path, await examine(path, options));
      done += 1;
      options.onExamined?.(done, paths.length);
    });
    options.onExamined?.(paths.length, paths.length);
    if (options.signal.aborted) return undefined;

    const fingerprints = new Map<Clip, string>();
    const faults = new Map<Clip, string>();
    let [clipCount, longestSeconds, totalSeconds] = [0, 0, 0];
    const measure = (seconds: number): void => {
      clipCount += 1;
      longestSeconds = Math.max(longestSeconds, seconds);
      totalSeconds += seconds;
    };
    for (const clip of clips) {
      const finding = "path" in clip.source ? found.get(clip.source.path) : undefined;
      if (finding && "fault" in finding) faults.set(clip, finding.fault);
      else measure(finding?.seconds ?? soundSeconds);
      if (finding && "fingerprint" in finding) fingerprints.set(clip, finding.fingerprint);
    }
    return { fingerprints, faults, lengths: { clips: clipCount, longestSeconds, totalSeconds } };
  };
};
