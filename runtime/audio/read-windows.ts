import { startThread } from "../threads/start-thread.ts";
import { fromThreadFailure } from "../threads/thread-failure.ts";
import type { RecordingJob, RecordingReply } from "./recording-worker.ts";
import type { Window, WindowOptions } from "./windows.ts";

export interface ReadWindowsOptions extends WindowOptions {
  /** How many windows are given at once, but for the last; twice as many wait, decoded. */
  readonly batch: number;
  /** Told, after the last window, what is odd about the file. */
  readonly note: (clause: string) => void;
  /** Ends reading at once. */
  readonly stop: AbortSignal;
}

/**
 * The windows of a file of sound, which a thread of its own decodes and resamples ahead of their use, whatever this thread does
 * meanwhile. Leaving it early ends the thread.
 * @throws UserError naming the file where it cannot be read, or only in part: after what was heard until then; why it was stopped
 */
export async function* readWindows(
  path: string,
  { batch, note, stop, ...options }: ReadWindowsOptions,
): AsyncGenerator<readonly Window[], void, undefined> {
  stop.throwIfAborted();
  const job: RecordingJob = { path, options, ahead: 2 * batch };
  // What decoders print about a broken file stays in the thread's own streams: the error says it.
  const worker = startThread("audio/recording-worker", { workerData: job, stdout: true, stderr: true });
  const waiting: Window[] = [];
  let end: Extract<RecordingReply, { end: unknown }>["end"] | undefined;
  let lost: Error | undefined;
  let wake = (): void => undefined;
  const lose = (reason: string): void => {
    lost ??= new Error(`the thread reading ${path} stopped: ${reason}`);
    wake();
  };
  worker.on("message", (reply: RecordingReply) => {
    if ("window" in reply) waiting.push(reply.window);
    else if ("note" in reply) note(reply.note);
    else ({ end } = reply);
    wake();
  });
  worker.on("error", (error) => lose(error.message));
  worker.on("exit", (code) => lose(`exit code ${code}`));
  const isDue = (): boolean => waiting.length >= batch || end !== undefined || lost !== undefined;
  const halt = (): void => void worker.terminate();
  stop.addEventListener("abort", halt);
  try {
    for (;;) {
      while (!isDue()) await new Promise<void>((resolve) => (wake = resolve));
      stop.throwIfAborted();
      const group = waiting.splice(0, batch);
      if (group.length > 0) {
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        worker.postMessage(group.length);
        yield group;
      } else if (end === "whole") return;
      else if (end !== undefined) throw fromThreadFailure(end);
      else if (lost !== undefined) throw lost;
    }
  } finally {
    stop.removeEventListener("abort", halt);
    await worker.terminate();
  }
}
