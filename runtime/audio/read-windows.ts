import { on } from "node:events";
import type { RecordingJob, RecordingReply } from "./recording-worker.ts";
import { startThread } from "../threads/start-thread.ts";
import { fromThreadFailure } from "../threads/thread-failure.ts";
import type { Window } from "./windows.ts";

/**
 * The windows of a file of sound, which a thread of its own decodes and resamples `ahead` of their use, whatever this thread does
 * meanwhile. Leaving it early ends the thread.
 * @param note told, after the last window, what is odd about the file
 * @throws UserError naming the file where it cannot be read, or only in part: after what was heard until then
 */
export async function* readWindows(
  job: RecordingJob,
  note: (clause: string) => void,
): AsyncGenerator<Window, void, undefined> {
  // What decoders print about a broken file stays in the thread's own streams: the error says it.
  const worker = startThread("audio/recording-worker", { workerData: job, stdout: true, stderr: true });
  const replies = on(worker, "message", { close: ["exit"] }) as AsyncIterable<[RecordingReply]>;
  try {
    for await (const [reply] of replies) {
      if ("window" in reply) {
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        worker.postMessage("more");
        yield reply.window;
      } else if ("note" in reply) note(reply.note);
      else if (reply.end === "whole") return;
      else throw fromThreadFailure(reply.end);
    }
    throw new Error(`the thread reading ${job.path} stopped`);
  } finally {
    await worker.terminate();
  }
}
