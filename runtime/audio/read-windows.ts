import { fromThreadFailure } from "../threads/thread-failure.ts";
import { openChannel, type Threads } from "../threads/threads.ts";
import { type Recording, type RecordingPlace, serveBytes } from "./recording-source.ts";
import type { ReadWindow, RecordingJob, RecordingReply } from "./serve-recording.ts";
import type { WindowOptions } from "./windows.ts";

export interface ReadWindowsOptions extends WindowOptions {
  /** How many windows are given at once, but for the last; of a stream, at most. Twice as many more wait, decoded. */
  readonly batch: number;
  /** Whether windows of a stream are left out where so many wait, rather than waited with. */
  readonly isLive?: boolean | undefined;
  /** Told what is odd about the recording. */
  readonly note: (clause: string) => void;
  /** Ends reading at once. */
  readonly stop: AbortSignal;
}

/** What the thread is told, and what gives it bytes where it cannot read them itself. */
const placeOf = (recording: Recording) => {
  if ("path" in recording) return { place: { path: recording.path } satisfies RecordingPlace, transfer: [] };
  const [here, there] = openChannel();
  const place: RecordingPlace = {
    name: recording.name,
    size: "size" in recording ? recording.size : undefined,
    raw: "raw" in recording ? recording.raw : undefined,
    port: there,
  };
  return { place, transfer: [there], server: serveBytes(here, recording) };
};

/**
 * The windows of a recording, which a thread of its own decodes and resamples ahead of their use, whatever this thread does
 * meanwhile. Their samples are lent: until the next windows are asked for. Leaving it early ends the thread, and closes the stream.
 * @throws UserError naming the recording where it cannot be read, or only in part: after what was heard until then; why it was stopped
 */
export async function* readWindows(
  threads: Threads,
  recording: Recording,
  { batch, isLive = false, note, stop, ...options }: ReadWindowsOptions,
): AsyncGenerator<readonly ReadWindow[], void, undefined> {
  stop.throwIfAborted();
  const { place, transfer, server } = placeOf(recording);
  const job: RecordingJob = { place, options, ahead: 3 * batch, isLive };
  const waiting: ReadWindow[] = [];
  const notes: string[] = [];
  let end: Extract<RecordingReply, { end: unknown }>["end"] | undefined;
  let lost: Error | undefined;
  let wake = (): void => undefined;
  const lose = (reason: string): void => {
    lost ??= new Error(`the thread reading ${recording.name} stopped: ${reason}`);
    wake();
  };
  const thread = threads.start<RecordingReply>("audio/recording-worker", {
    data: job,
    transfer,
    // What decoders print about a broken file, the error says.
    isQuiet: true,
    leavesSamples: true,
    onMessage: (reply) => {
      if ("window" in reply) waiting.push(reply.window);
      else if ("note" in reply) notes.push(reply.note);
      else ({ end } = reply);
      wake();
    },
    onStop: lose,
  });
  // What comes as it comes is heard as soon as it has come.
  const least = "open" in recording ? 1 : batch;
  const isDue = (): boolean => waiting.length >= least || end !== undefined || lost !== undefined;
  const close = (): Promise<void> => {
    server?.close();
    return thread.end();
  };
  const halt = (): void => void close();
  stop.addEventListener("abort", halt);
  try {
    for (;;) {
      while (!isDue()) await new Promise<void>((resolve) => (wake = resolve));
      stop.throwIfAborted();
      notes.splice(0).forEach(note);
      const group = waiting.splice(0, batch);
      if (group.length > 0) {
        yield group;
        thread.post(group.map(({ slot }) => slot));
      } else if (end === "whole") return;
      else if (end !== undefined) throw server?.failure() ?? fromThreadFailure(end);
      else if (lost !== undefined) throw lost;
    }
  } finally {
    stop.removeEventListener("abort", halt);
    await close();
  }
}
