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
  /** Clips, files all, that a thread has at once and reads one after another. Default 1: none waits for a long one while others are idle. */
  readonly clipsPerThread?: number;
}

export type ClipLoaderOptions = Omit<ClipThreadsOptions, "isReady"> & ClipRequirements;

/** Opens threads, which start with the first clips and keep the process alive only while they read. */
export const createClipThreads = (
  threads: Threads,
  {
    workers = Math.max(1, Math.min(threads.parallel() - 1, 4)),
    survey,
    isReady = false,
    clipsPerThread = 1,
  }: ClipThreadsOptions,
): ClipThreads => {
  const queue: Job[] = [];
  /** What each thread has to read, in turn. */
  const held = new Map<Thread, Job[]>();
  let isClosed = false;

  /** The thread with the fewest clips, or a new one while all are at work. */
  const chooseThread = (): Thread | undefined => {
    let [chosen, fewest]: [Thread | undefined, number] = [undefined, clipsPerThread];
    for (const [thread, { length }] of held) if (length < fewest) [chosen, fewest] = [thread, length];
    return fewest > 0 && held.size < workers ? start() : chosen;
  };

  const next = () => {
    for (let job = queue[0]; job !== undefined; job = queue[0]) {
      const thread = chooseThread();
      if (thread === undefined) return;
      queue.shift();
      held.get(thread)?.push(job);
      thread.keepProcess(true);
      const { source, requirements } = job;
      thread.post({ source, requirements } satisfies ClipRequest, job.transfer);
    }
  };

  const start = (): Thread => {
    const worker = threads.start<Reply<LoadedClip>>("audio/clip-worker", {
      data: undefined,
      // What decoders print about a broken file, the error says.
      isQuiet: true,
      leavesSamples: true,
      onMessage: (reply) => {
        const jobs = held.get(worker) ?? [];
        const job = jobs.shift();
        // Ending a thread keeps the process alive until it is done; a late reply must not undo that.
        if (!isClosed && jobs.length === 0) worker.keepProcess(false);
        if (job !== undefined && "value" in reply) survey?.add(nameOf(job.source), reply.value);
        if (job !== undefined) settle(job, reply);
        next();
      },
      onStop: (reason) => lose(worker, reason),
    });
    held.set(worker, []);
    return worker;
  };

  const rejectUnread = (jobs: readonly Job[]): void => {
    for (const { source, reject } of jobs)
      reject(new Error(`the clip loader was closed before ${nameOf(source)} was read`));
  };

  /** A thread that ends by itself takes only the clip with it that it was at; the next ones get a new one. */
  const lose = (worker: Thread, reason: string) => {
    const [job, ...others] = held.get(worker) ?? [];
    held.delete(worker);
    job?.reject(new Error(`the thread reading ${nameOf(job.source)} stopped: ${reason}`));
    if (isClosed) return rejectUnread(others);
    queue.unshift(...others);
    if (job !== undefined) next();
  };

  const read: ClipThreads["read"] = (source, requirements, transfer = []) =>
    new Promise((resolve, reject) => {
      if (isClosed) throw new Error(`the clip loader is closed; it cannot read ${nameOf(source)}`);
      queue.push({ source, requirements, transfer, resolve, reject });
      next();
    });

  if (isReady) start().keepProcess(false);
  return {
    read,
    close: async () => {
      isClosed = true;
      rejectUnread(queue.splice(0));
      await Promise.all([...held.keys()].map((worker) => worker.end()));
    },
  };
};

/** While a model computes, its thread hears of no clip that is read, and gives out no other: a step's clips are given out together. */
const clipsPerThread = 64;

/** Opens a loader; its threads start with the first clips and keep the process alive only while they read. */
export const createClipLoader = (
  threads: Threads,
  { workers, survey, ...requirements }: ClipLoaderOptions,
): ClipLoader => {
  const { read, close } = createClipThreads(threads, {
    ...(workers === undefined ? {} : { workers }),
    survey,
    clipsPerThread,
  });
  return { load: async (path) => (await read(path, requirements)).samples, close };
};

const settle = ({ resolve, reject }: Job, reply: Reply<LoadedClip>): void => {
  try {
    resolve(valueOf(reply));
  } catch (error) {
    reject(error instanceof Error ? error : new Error(String(error)));
  }
};
