import { type Reply, valueOf } from "../threads/reply.ts";
import { startThread } from "../threads/start-thread.ts";
import type { Opened, Opening, Request } from "./model-worker.ts";

/** A thread that answers what it is sent in its order. It keeps the process alive while it has something to answer. */
export const startModelThread = (opening: Opening) => {
  const worker = startThread("library/model-worker", {
    workerData: opening,
    transferList: typeof opening.graph === "string" ? [] : [opening.graph.buffer],
  });
  const waiting: { readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void }[] = [];
  let lost: Error | undefined;
  const lose = (reason: string): void => {
    lost ??= new Error(`the model's thread stopped: ${reason}`);
    for (const { reject } of waiting.splice(0)) reject(lost);
  };
  worker.on("message", (reply: Reply<unknown>) => {
    const { resolve, reject } = waiting.shift() ?? {};
    if (waiting.length === 0) worker.unref();
    try {
      resolve?.(valueOf(reply));
    } catch (error) {
      reject?.(error);
    }
  });
  worker.on("error", (error) => lose(error.message));
  worker.on("exit", (code) => lose(`exit code ${code}`));
  const answer = <Value>(): Promise<Value> =>
    new Promise((resolve, reject) => {
      if (lost !== undefined) throw lost;
      waiting.push({ resolve: resolve as (value: unknown) => void, reject });
      worker.ref();
    });
  return {
    opened: answer<Opened>(),
    ask: <Value>(request: Request): Promise<Value> => {
      const transfer = request.kind !== "close" ? request.clips.map(({ buffer }) => buffer) : [];
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      if (lost === undefined) worker.postMessage(request, transfer);
      return answer<Value>();
    },
    end: async (): Promise<void> => {
      await worker.terminate();
    },
  };
};

export type ModelThread = ReturnType<typeof startModelThread>;
