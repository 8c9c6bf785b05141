import { type Reply, valueOf } from "../threads/reply.ts";
import type { Thread, Threads } from "../threads/threads.ts";
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
export const createClipLoader = (
  threads: Threads,
  { workers = Math.max(1, Math.min(threads.parallel() - 1, 4)), survey, ...requirements }: ClipLoaderOptions,
): ClipLoader => {
  const queue: Job[] = [];
  const idle: Thread[] = [];
  const running = new Map<Thread, Job>();
  let isClosed = false;

  const next = () => {
    const job = queue[0];
    if (job === undefined) return;
    const worker = idle.pop() ?? (running.size < workers ? start() : undefined);
    if (worker === undefined) return;
    queue.shift();
    running.set(worker, job);
    worker.keepProcess(true);
    worker.post(job.source, job.transfer);
  };

  const start = (): Thread => {
    const worker = threads.start<Reply<LoadedClip>>("audio/clip-worker", {
      data: requirements,
      // What decoders print about a broken file, the error says.
      isQuiet: true,
      leavesSamples: true,
      onMessage: (reply) => {
        const job = running.get(worker);
        running.delete(worker);
        idle.push(worker);
        // Ending a thread keeps the process alive until it is done; a late reply must not undo that.
        if (!isClosed) worker.keepProcess(false);
        if (job !== undefined && "value" in reply) survey?.add(nameOf(job.source), reply.value);
        if (job !== undefined) settle(job, reply);
        next();
      },
      onStop: (reason) => lose(worker, reason),
    });
    return worker;
  };

  /** A worker that ends by itself takes only its own clip with it; the next clip gets a new one. */
  const lose = (worker: Thread, reason: string) => {
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
      await Promise.all([...idle, ...running.keys()].map((worker) => worker.end()));
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
