/** Threads of Node.js. */
import { availableParallelism } from "node:os";
import { parentPort, type TransferListItem, Worker, workerData } from "node:worker_threads";
import type { Parent, Threads } from "./threads.ts";

/**
 * V8 (Node 20) looks for garbage when new objects have filled their space, whatever the arrays hold that go with them, which can be
 * a hundred times as much: the least space, 3 times 1 MB, leaves the fewest of them.
 */
const forSamples = { resourceLimits: { maxYoungGenerationSizeMb: 3 } };

/**
 * Node 20 cannot run TypeScript in a thread: where the runtime runs from source, as in the tests, a thread runs what was built. Of the
 * process's own flags it gets none: some, such as `--input-type`, end a thread.
 */
export const nodeThreads: Threads = {
  parallel: availableParallelism,
  start: (module, { data, transfer = [], isQuiet = false, leavesSamples = false, onMessage, onStop }) => {
    const path = import.meta.url.endsWith(".ts") ? `../../dist/runtime/${module}.js` : `../${module}.js`;
    // What is printed stays in the thread's own streams, unread: reading them would keep the process alive (Node 20).
    const worker = new Worker(new URL(path, import.meta.url), {
      execArgv: [],
      ...(leavesSamples ? forSamples : {}),
      workerData: data,
      transferList: transfer as TransferListItem[],
      stdout: isQuiet,
      stderr: isQuiet,
    });
    worker.on("message", onMessage);
    worker.on("error", (error) => onStop(error.message));
    worker.on("exit", (code) => onStop(`exit code ${code}`));
    return {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      post: (message, moved = []) => worker.postMessage(message, moved as TransferListItem[]),
      keepProcess: (isKept) => {
        if (isKept) worker.ref();
        else worker.unref();
      },
      end: async () => {
        await worker.terminate();
      },
    };
  },
};

/** @throws outside a thread */
export const nodeParent = <Data>(): Parent<Data> => {
  const port = parentPort;
  if (!port) throw new Error("this is the module of a thread");
  return {
    data: workerData as Data,
    post: (message, transfer = []) => port.postMessage(message, transfer as TransferListItem[]),
    onMessage: (listen) => void port.on("message", listen as (message: unknown) => void),
  };
};
