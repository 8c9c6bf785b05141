import { type ThreadFailure, toThreadFailure } from "../threads/thread-failure.ts";
import type { Parent } from "../threads/threads.ts";
import type { ClipSource } from "./clip-source.ts";
import { isLoud, monoBlocks, scaleNote } from "./mono-blocks.ts";
import type { OpenClip } from "./open-held-clip.ts";
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

const sourceOf = (place: RecordingPlace): ClipSource => {
  if ("path" in place) return place.path;
  const { name, size, raw, port } = place;
  return { name, source: sourceBehind(port, size), raw };
};

/** What the thread that reads one recording does: it decodes ahead of the windows that are asked for, as far as it is allowed. */
export const serveRecording = async (parent: Parent<RecordingJob>, open: OpenClip): Promise<void> => {
  const { place, options, ahead, isLive } = parent.data;

  /** How many windows may be sent; where it is none, what is called when one may. */
  let allowed = ahead;
  let go: (() => void) | undefined;
  parent.onMessage((more: number) => {
    allowed += more;
    go?.();
  });

  const reply = (message: RecordingReply, transfer: readonly ArrayBuffer[] = []): void =>
    parent.post(message, transfer);

  const notes = new Set<string>();
  const note = (clause: string): void => {
    if (!notes.has(clause)) reply({ note: clause });
    notes.add(clause);
  };

  const read = open(sourceOf(place), note, async (stream) => {
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
};
