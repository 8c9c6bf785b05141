import { type Reply, valueOf } from "../threads/reply.ts";
import type { Threads, Transferred } from "../threads/threads.ts";
import type { Opened, Request } from "./serve-model.ts";

/** What the thread runs, and how it is started. */
export const modelWorker = ["library/model-worker", { leavesSamples: true }] as const;

/**
 * A thread that answers what it is sent in its order. It keeps the process alive while it has something to answer.
 * @param opening what it opens the graph by
 */
export const startModelThread = (threads: Threads, opening: unknown, transfer: readonly Transferred[]) => {
  const waiting: { readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void }[] = [];
  let lost: Error | undefined;
  const lose = (reason: string): void => {
    lost ??= new Error(`the model's thread stopped: ${reason}`);
    for (const { reject } of waiting.splice(0)) reject(lost);
  };
  const [module, settings] = modelWorker;
  const thread = threads.start<Reply<unknown>>(module, {
    ...settings,
    data: opening,
    transfer,
    onMessage: (reply) => {
      const { resolve, reject } = waiting.shift() ?? {};
      if (waiting.length === 0) thread.keepProcess(false);
      try {
        resolve?.(valueOf(reply));
      } catch (error) {
        reject?.(error);
      }
    },
    onStop: lose,
  });
  const answer = <Value>(): Promise<Value> =>
    new Promise((resolve, reject) => {
      if (lost !== undefined) throw lost;
      waiting.push({ resolve: resolve as (value: unknown) => void, reject });
      thread.keepProcess(true);
    });
  return {
    opened: answer<Opened>(),
    ask: <Value>(request: Request): Promise<Value> => {
      const clips = request.kind === "close" ? [] : request.clips;
      // What is shared stays where it is.
      const transfer = clips.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : []));
      if (lost === undefined) thread.post(request, transfer);
      return answer<Value>();
    },
    end: thread.end,
  };
};
