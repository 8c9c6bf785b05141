import { on } from "node:events";
import { Worker } from "node:worker_threads";
import type { RecordingJob, RecordingReply } from "./recording-worker.ts";
import { fromThreadFailure } from "./thread-failure.ts";
import type { Window } from "./windows.ts";

/** Node 20 cannot run TypeScript in a thread: where this module runs from source, in the tests, the thread runs the built one. */
const workerUrl = new URL(
  import.meta.url.endsWith(".ts") ? "../../dist/runtime/audio/recording-worker.js" : "./recording-worker.js",
  import.meta.url,
);

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
  // A thread takes no part in how the process was started, such as `node --input-type`.
  // What decoders print about a broken file stays in the thread's own streams: the error says it.
  const worker = new Worker(workerUrl, { workerData: job, stdout: true, stderr: true, execArgv: [] });
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
