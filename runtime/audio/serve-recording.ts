import { type ThreadFailure, toThreadFailure } from "../threads/thread-failure.ts";
import type { Parent } from "../threads/threads.ts";
import type { ClipSource } from "./clip-source.ts";
import { isLoud, monoBlocks, scaleNote } from "./mono-blocks.ts";
import type { OpenClip } from "./open-held-clip.ts";
import { type RecordingPlace, sourceBehind } from "./recording-source.ts";
import { type Window, type WindowOptions, windows, windowSamples } from "./windows.ts";

/** What the thread is started with. */
export interface RecordingJob {
  readonly place: RecordingPlace;
  readonly options: WindowOptions;
  /** How many windows may wait to be taken, or be in use. */
  readonly ahead: number;
  /** Whether further ones are left out rather than waited with. */
  readonly isLive: boolean;
}

/** A window, and when its last sample had come. */
export interface ReadWindow extends Window {
  /** Which memory its samples are in, to be given back. */
  readonly slot: number;
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

/** Without it, as on pages that are not isolated from others, what is posted is a copy. */
const Shareable = typeof SharedArrayBuffer === "undefined" ? ArrayBuffer : SharedArrayBuffer;

/**
 * Memory for windows, which goes round: through all threads that read it, and back. Made anew for each window, and handed over, tens
 * of megabytes wait in each of these threads until it looks for garbage.
 */
const createSlots = (count: number, options: WindowOptions) => {
  const bytes = windowSamples(options) * Float32Array.BYTES_PER_ELEMENT;
  const memory: Float32Array[] = [];
  /** Those that are no one's, the last used at the end; where there is none, what is called when one is given back. */
  const free = Array.from({ length: count }, (_, index) => count - 1 - index);
  let go: (() => void) | undefined;
  return {
    isNoneFree: () => free.length === 0,
    give: (slots: readonly number[]): void => {
      free.push(...slots);
      go?.();
    },
    /** A copy of samples in memory that is free, or when it is. */
    hold: async (samples: Float32Array): Promise<Pick<ReadWindow, "slot" | "samples">> => {
      if (free.length === 0) await new Promise<void>((resolve) => (go = resolve));
      const slot = free.pop() ?? 0;
      const held = (memory[slot] ??= new Float32Array(new Shareable(bytes))).subarray(0, samples.length);
      held.set(samples);
      return { slot, samples: held };
    },
  };
};

/** What the thread that reads one recording does: it decodes ahead of the windows that are asked for, as far as it is allowed. */
export const serveRecording = async (parent: Parent<RecordingJob>, open: OpenClip): Promise<void> => {
  const { place, options, ahead, isLive } = parent.data;

  const slots = createSlots(ahead, options);
  parent.onMessage(slots.give);
  const reply = (message: RecordingReply): void => parent.post(message);

  const notes = new Set<string>();
  const note = (clause: string): void => {
    if (!notes.has(clause)) reply({ note: clause });
    notes.add(clause);
  };

  const read = open(sourceOf(place), note, async (stream) => {
    let skipped = 0;
    for await (const { samples, ...window } of windows(monoBlocks(stream), options)) {
      const readAtMs = performance.timeOrigin + performance.now();
      if (isLoud(samples)) note(scaleNote);
      if (isLive && slots.isNoneFree()) {
        skipped += 1;
        continue;
      }
      reply({ window: { ...window, ...(await slots.hold(samples)), readAtMs, skipped } });
      skipped = 0;
    }
  });
  reply({ end: await read.then(() => "whole" as const, toThreadFailure) });
};
