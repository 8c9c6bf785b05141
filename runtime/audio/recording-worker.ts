/** The thread that reads one recording: it decodes ahead of the windows that are asked for, as far as it is allowed. */
import { parentPort, workerData } from "node:worker_threads";
import { type ThreadFailure, toThreadFailure } from "../threads/thread-failure.ts";
import { isLoud, monoBlocks, scaleNote } from "./mono-blocks.ts";
import { openClip } from "./open-clip.ts";
import { type Window, type WindowOptions, windows } from "./windows.ts";

/** What the thread is started with. */
export interface RecordingJob {
  readonly path: string;
  readonly options: WindowOptions;
  /** How many windows may wait to be taken. */
  readonly ahead: number;
}

/** Windows; after the last, how reading them ended; what is odd about the file comes before that. */
export type RecordingReply =
  | { readonly window: Window }
  | { readonly note: string }
  | { readonly end: "whole" | ThreadFailure };

const { path, options, ahead } = workerData as RecordingJob;

/** How many windows may be sent; where it is none, what is called when one may. */
let allowed = ahead;
let go: (() => void) | undefined;
parentPort?.on("message", (more: number) => {
  allowed += more;
  go?.();
});
const untilAllowed = async (): Promise<void> => {
  if (allowed === 0) await new Promise<void>((resolve) => (go = resolve));
  allowed -= 1;
};

const reply = (message: RecordingReply, transfer: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, transfer);

const notes = new Set<string>();
const read = openClip(
  path,
  (clause) => void notes.add(clause),
  async (stream) => {
    for await (const window of windows(monoBlocks(stream), options)) {
      if (window.samples.some(isLoud)) notes.add(scaleNote);
      await untilAllowed();
      reply({ window }, [window.samples.buffer]);
    }
  },
);
const end = await read.then(() => "whole" as const, toThreadFailure);
for (const note of notes) reply({ note });
reply({ end });
