import { type Reply, valueOf } from "../threads/reply.ts";
import type { Thread, Threads } from "../threads/threads.ts";
import { type ClipSource, nameOf } from "./clip-source.ts";
import type { ClipSurvey } from "./create-clip-survey.ts";
import type { ClipRequirements, LoadedClip } from "./load-clip.ts";
import type { ClipRequest } from "./serve-clips.ts";

/** Threads that read clips, for whatever model. */
export interface ClipThreads {
  /**
   * A clip as the model hears it.
   * @param transfer memory of the clip that is handed over; of what is in memory all else is copied
   * @throws UserError naming the file where it cannot be decoded or is too short.
   */
  readonly read: (
    source: ClipSource,
    requirements: ClipRequirements,
    transfer?: readonly ArrayBuffer[],
  ) => Promise<LoadedClip>;
  /** Ends the threads; clips still to be read are rejected. */
  readonly close: () => Promise<void>;
}

/** Reads clips in worker threads, so that decoding and resampling run ahead of the training step. */
export interface ClipLoader extends Pick<ClipThreads, "close"> {
  /**
   * The clip's samples, one channel, at the model's rate, as far as the model hears them.
   * @throws UserError naming the file where it cannot be decoded or is too short.
   */
  readonly load: (path: string) => Promise<Float32Array<ArrayBuffer>>;
}

interface Job extends ClipRequest {
  readonly transfer: readonly ArrayBuffer[];
  readonly resolve: (clip: LoadedClip) => void;
  readonly reject: (error: Error) => void;
}

export interface ClipThreadsOptions {
  readonly workers?: number;
  /** Takes in each clip that is read. */
  readonly survey?: ClipSurvey | undefined;
  /** Whether the first thread starts at once. */
  readonly isReady?: boolean;
}

export type ClipLoaderOptions = Omit<ClipThreadsOptions, "isReady"> & ClipRequirements;

/** Opens threads, which start with the first clips and keep the process alive only while they read. */
export const createClipThreads = (
  threads: Threads,
  { workers = Math.max(1, Math.min(threads.parallel() - 1, 4)), survey, isReady = false }: ClipThreadsOptions,
): ClipThreads => {
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
    const { source, requirements } = job;
    worker.post({ source, requirements } satisfies ClipRequest, job.transfer);
  };

  const start = (): Thread => {
    const worker = threads.start<Reply<LoadedClip>>("audio/clip-worker", {
      data: undefined,
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

  const read: ClipThreads["read"] = (source, requirements, transfer = []) =>
    new Promise((resolve, reject) => {
      if (isClosed) throw new Error(`the clip loader is closed; it cannot read ${nameOf(source)}`);
      queue.push({ source, requirements, transfer, resolve, reject });
      next();
    });

  if (isReady) {
    const first = start();
    first.keepProcess(false);
    idle.push(first);
  }
  return {
    read,
    close: async () => {
      isClosed = true;
      for (const job of queue.splice(0))
        job.reject(new Error(`the clip loader was closed before ${nameOf(job.source)} was read`));
      await Promise.all([...idle, ...running.keys()].map((worker) => worker.end()));
    },
  };
};

/** Opens a loader; its threads start with the first clips and keep the process alive only while they read. */
export const createClipLoader = (
  threads: Threads,
  { workers, survey, ...requirements }: ClipLoaderOptions,
): ClipLoader => {
  const { read, close } = createClipThreads(threads, { ...(workers === undefined ? {} : { workers }), survey });
  return { load: async (path) => (await read(path, requirements)).samples, close };
};

const settle = ({ resolve, reject }: Job, reply: Reply<LoadedClip>): void => {
  try {
    resolve(valueOf(reply));
  } catch (error) {
    reject(error instanceof Error ? error : new Error(String(error)));
  }
};
