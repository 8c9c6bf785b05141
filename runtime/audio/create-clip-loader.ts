import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type ClipSurvey, createClipSurvey } from "./create-clip-survey.ts";
import type { ClipReply } from "./clip-worker.ts";
import type { ClipRequirements, LoadedClip } from "./load-clip.ts";
import { fromThreadFailure } from "./thread-failure.ts";

/** Reads clips in worker threads, so that decoding and resampling run ahead of the training step. */
export interface ClipLoader {
  /**
   * The clip's samples, one channel, at the model's rate, as far as the model hears them.
   * @throws UserError naming the file where it cannot be decoded or is too short.
   */
  readonly load: (path: string) => Promise<Float32Array<ArrayBuffer>>;
  /** The same, with what the file itself is. */
  readonly read: (path: string) => Promise<LoadedClip>;
  /** What is to be said of the clips read so far. */
  readonly survey: Pick<ClipSurvey, "describeUnheard" | "describeNotes">;
  /** Ends the threads; clips still to be read are rejected. */
  readonly close: () => Promise<void>;
}

interface Job {
  readonly path: string;
  readonly resolve: (clip: LoadedClip) => void;
  readonly reject: (error: Error) => void;
}

/** Node 20 cannot run TypeScript in a thread: where this module runs from source, in the tests, the thread runs the built one. */
const workerUrl = new URL(
  import.meta.url.endsWith(".ts") ? "../../dist/runtime/audio/clip-worker.js" : "./clip-worker.js",
  import.meta.url,
);

/** Opens a loader; its threads start with the first clips and keep the process alive only while they read. */
export const createClipLoader = ({
  workers = Math.max(1, Math.min(availableParallelism() - 1, 4)),
  ...requirements
}: ClipRequirements & { readonly workers?: number }): ClipLoader => {
  const queue: Job[] = [];
  const idle: Worker[] = [];
  const running = new Map<Worker, Job>();
  const survey = createClipSurvey(requirements.sampleRateHz);
  let isClosed = false;

  const next = () => {
    const job = queue[0];
    if (job === undefined) return;
    const worker = idle.pop() ?? (running.size < workers ? start() : undefined);
    if (worker === undefined) return;
    queue.shift();
    running.set(worker, job);
    worker.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(job.path);
  };

  const start = (): Worker => {
    // A thread takes no part in how the process was started, such as `node --input-type`.
    // What decoders print about a broken file stays in the thread's own streams: the error says it. They are left unread,
    // as reading them would keep the process alive (Node 20).
    const worker = new Worker(workerUrl, { workerData: requirements, stdout: true, stderr: true, execArgv: [] });
    worker.on("message", (reply: ClipReply) => {
      const job = running.get(worker);
      running.delete(worker);
      idle.push(worker);
      // terminate() keeps the process alive until it is done; a late reply must not undo that.
      if (!isClosed) worker.unref();
      if (job !== undefined && "samples" in reply) survey.add(job.path, reply);
      if (job !== undefined) settle(job, reply);
      next();
    });
    worker.on("error", (error) => lose(worker, error.message));
    worker.on("exit", (code) => lose(worker, `exit code ${code}`));
    return worker;
  };

  /** A worker that ends by itself takes only its own clip with it; the next clip gets a new one. */
  const lose = (worker: Worker, reason: string) => {
    const job = running.get(worker);
    running.delete(worker);
    if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
    job?.reject(new Error(`the thread reading ${job.path} stopped: ${reason}`));
    if (job !== undefined && !isClosed) next();
  };

  const read: ClipLoader["read"] = (path) =>
    new Promise((resolve, reject) => {
      if (isClosed) throw new Error(`the clip loader is closed; it cannot read ${path}`);
      queue.push({ path, resolve, reject });
      next();
    });

  return {
    load: async (path) => (await read(path)).samples,
    read,
    survey,
    close: async () => {
      isClosed = true;
      for (const job of queue.splice(0))
        job.reject(new Error(`the clip loader was closed before ${job.path} was read`));
      await Promise.all([...idle, ...running.keys()].map((worker) => worker.terminate()));
    },
  };
};

const settle = (job: Job, reply: ClipReply): void => {
  if ("samples" in reply) job.resolve(reply);
  else job.reject(fromThreadFailure(reply));
};
