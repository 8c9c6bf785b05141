import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { type Reply, valueOf } from "../threads/reply.ts";
import { startThread } from "../threads/start-thread.ts";
import { type ClipSource, nameOf } from "./clip-source.ts";
import type { ClipSurvey } from "./create-clip-survey.ts";
import type { ClipRequirements, LoadedClip } from "./load-clip.ts";

/** Reads clips in worker threads, so that decoding and resampling run ahead of the training step. */
export interface ClipLoader {
  /**
   * The clip's samples, one channel, at the model's rate, as far as the model hears them.
   * @throws UserError naming the file where it cannot be decoded or is too short.
   */
  readonly load: (path: string) => Promise<Float32Array<ArrayBuffer>>;
  /**
   * The same, with what the clip itself is.
   * @param transfer memory of the clip that is handed over; of what is in memory all else is copied
   */
  readonly read: (source: ClipSource, transfer?: readonly ArrayBuffer[]) => Promise<LoadedClip>;
  /** Ends the threads; clips still to be read are rejected. */
  readonly close: () => Promise<void>;
}

interface Job {
  readonly source: ClipSource;
  readonly transfer: readonly ArrayBuffer[];
  readonly resolve: (clip: LoadedClip) => void;
  readonly reject: (error: Error) => void;
}

export interface ClipLoaderOptions extends ClipRequirements {
  readonly workers?: number;
  /** Takes in each clip that is read. */
  readonly survey?: ClipSurvey;
}

/** Opens a loader; its threads start with the first clips and keep the process alive only while they read. */
export const createClipLoader = ({
  workers = Math.max(1, Math.min(availableParallelism() - 1, 4)),
  survey,
  ...requirements
}: ClipLoaderOptions): ClipLoader => {
  const queue: Job[] = [];
  const idle: Worker[] = [];
  const running = new Map<Worker, Job>();
  let isClosed = false;

  const next = () => {
    const job = queue[0];
    if (job === undefined) return;
    const worker = idle.pop() ?? (running.size < workers ? start() : undefined);
    if (worker === undefined) return;
    queue.shift();
    running.set(worker, job);
    worker.ref();
    worker.postMessage(job.source, job.transfer);
  };

  const start = (): Worker => {
    // What decoders print about a broken file stays in the thread's own streams: the error says it. They are left unread,
    // as reading them would keep the process alive (Node 20).
    const worker = startThread("audio/clip-worker", {
      workerData: requirements,
      stdout: true,
      stderr: true,
    });
    worker.on("message", (reply: Reply<LoadedClip>) => {
      const job = running.get(worker);
      running.delete(worker);
      idle.push(worker);
      // terminate() keeps the process alive until it is done; a late reply must not undo that.
      if (!isClosed) worker.unref();
      if (job !== undefined && "value" in reply) survey?.add(nameOf(job.source), reply.value);
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
    job?.reject(new Error(`the thread reading ${nameOf(job.source)} stopped: ${reason}`));
    if (job !== undefined && !isClosed) next();
  };

  const read: ClipLoader["read"] = (source, transfer = []) =>
    new Promise((resolve, reject) => {
      if (isClosed) throw new Error(`the clip loader is closed; it cannot read ${nameOf(source)}`);
      queue.push({ source, transfer, resolve, reject });
      next();
    });

  return {
    load: async (path) => (await read(path)).samples,
    read,
    close: async () => {
      isClosed = true;
      for (const job of queue.splice(0))
        job.reject(new Error(`the clip loader was closed before ${nameOf(job.source)} was read`));
      await Promise.all([...idle, ...running.keys()].map((worker) => worker.terminate()));
    },
  };
};

const settle = ({ resolve, reject }: Job, reply: Reply<LoadedClip>): void => {
  try {
    resolve(valueOf(reply));
  } catch (error) {
    reject(error instanceof Error ? error : new Error(String(error)));
  }
};
