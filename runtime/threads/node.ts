/** Threads of Node.js. */
import { availableParallelism } from "node:os";
import { parentPort, type TransferListItem, Worker } from "node:worker_threads";
import type { Parent, ThreadOptions, Threads, Transferred } from "./threads.ts";

/**
 * V8 (Node 20) looks for garbage when new objects have filled their space, whatever the arrays hold that go with them, which can be
 * a hundred times as much: the least space, 3 times 1 MB, leaves the fewest of them.
 */
const forSamples = { resourceLimits: { maxYoungGenerationSizeMb: 3 } };

type Settings = Pick<ThreadOptions<never>, "isQuiet" | "leavesSamples">;

/**
 * Node 20 cannot run TypeScript in a thread: where the runtime runs from source, as in the tests, a thread runs what was built. Of the
 * process's own flags it gets none: some, such as `--input-type`, end a thread.
 */
const launch = (module: string, { isQuiet = false, leavesSamples = false }: Settings): Worker => {
  const path = import.meta.url.endsWith(".ts") ? `../../dist/runtime/${module}.js` : `../${module}.js`;
  // What is printed stays in the thread's own streams, unread: reading them would keep the process alive (Node 20).
  return new Worker(new URL(path, import.meta.url), {
    execArgv: [],
    ...(leavesSamples ? forSamples : {}),
    stdout: isQuiet,
    stderr: isQuiet,
  });
};

/** Threads that wait for what they are to be started with; one that could not load leaves. */
const ahead = new Map<string, Worker>();

/** Has a thread load its module while the process still loads what will `start` it, the first time. */
export const startAhead = (module: string, settings: Settings): void => {
  const worker = launch(module, settings);
  worker.unref();
  ahead.set(module, worker);
  // Who needs the thread starts another, and is told why that stops; who does not need it hears of nothing.
  worker.on("error", () => {
    if (ahead.get(module) === worker) ahead.delete(module);
  });
};

export const nodeThreads: Threads = {
  parallel: availableParallelism,
  start: (module, { data, transfer = [], onMessage, onStop, ...settings }) => {
    const worker = ahead.get(module) ?? launch(module, settings);
    ahead.delete(module);
    worker.ref();
    worker.on("message", onMessage);
    worker.on("error", (error) => onStop(error.message));
    worker.on("exit", (code) => onStop(`exit code ${code}`));
    const post = (message: unknown, moved: readonly Transferred[] = []): void =>
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage(message, moved as TransferListItem[]);
    post(data, transfer);
    return {
      post,
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

/**
 * Who started this thread, once it has been told what it is started with.
 * @throws outside a thread
 */
export const nodeParent = async <Data>(): Promise<Parent<Data>> => {
  const port = parentPort;
  if (!port) throw new Error("this is the module of a thread");
  const data = await new Promise<Data>((resolve) => port.once("message", resolve));
  return {
    data,
    post: (message, transfer = []) => port.postMessage(message, transfer as TransferListItem[]),
    onMessage: (listen) => void port.on("message", listen as (message: unknown) => void),
  };
};
