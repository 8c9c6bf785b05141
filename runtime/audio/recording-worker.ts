/** The thread that reads one recording: it decodes ahead of the windows that are asked for, as far as it is allowed. */
import { parentPort, workerData } from "node:worker_threads";
import { type ThreadFailure, toThreadFailure } from "../threads/thread-failure.ts";
import type { ClipSource } from "./clip-source.ts";
import { isLoud, monoBlocks, scaleNote } from "./mono-blocks.ts";
import { openClip } from "./open-clip.ts";
import { type RecordingPlace, sourceBehind } from "./recording-source.ts";
import { type Window, type WindowOptions, windows } from "./windows.ts";

/** What the thread is started with. */
export interface RecordingJob {
  readonly place: RecordingPlace;
  readonly options: WindowOptions;
  /** How many windows may wait to be taken. */
  readonly ahead: number;
  /** Whether further ones are left out rather than waited with. */
  readonly isLive: boolean;
}

/** A window, and when its last sample had come. */
export interface ReadWindow extends Window {
  /** Milliseconds, by `performance.timeOrigin + performance.now()`. */
  readonly readAtMs: number;
  /** How many windows were left out between the one before and this. */
  readonly skipped: number;
}

/** Windows; after the last, how reading them ended. Between them, what is odd about the recording. */
export type RecordingReply =
  | { readonly window: ReadWindow }
  | { readonly note: string }
  | { readonly end: "whole" | ThreadFailure };

const { place, options, ahead, isLive } = workerData as RecordingJob;

const clip = (): ClipSource => {
  if ("path" in place) return place.path;
  const { name, size, raw, port } = place;
  return { name, source: sourceBehind(port, size), raw };
};

/** How many windows may be sent; where it is none, what is called when one may. */
let allowed = ahead;
let go: (() => void) | undefined;
parentPort?.on("message", (more: number) => {
  allowed += more;
  go?.();
});

const reply = (message: RecordingReply, transfer: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, transfer);

const notes = new Set<string>();
const note = (clause: string): void => {
  if (!notes.has(clause)) reply({ note: clause });
  notes.add(clause);
};

const read = openClip(clip(), note, async (stream) => {
  let skipped = 0;
  for await (const window of windows(monoBlocks(stream), options)) {
    const readAtMs = performance.timeOrigin + performance.now();
    if (window.samples.some(isLoud)) note(scaleNote);
    if (allowed === 0 && isLive) {
      skipped += 1;
      continue;
    }
    if (allowed === 0) await new Promise<void>((resolve) => (go = resolve));
    allowed -= 1;
    reply({ window: { ...window, readAtMs, skipped } }, [window.samples.buffer]);
    skipped = 0;
  }
});
reply({ end: await read.then(() => "whole" as const, toThreadFailure) });
