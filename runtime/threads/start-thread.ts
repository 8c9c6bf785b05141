import { Worker, type WorkerOptions } from "node:worker_threads";

/**
 * Starts a thread that runs a module of the runtime. Node 20 cannot run TypeScript in one: where the runtime runs from source, as
 * in the tests, the thread runs what was built. Of the process's own flags it gets none: some, such as `--input-type`, end a thread.
 * @param module from `runtime/` on, without its ending
 */
export const startThread = (module: string, options: WorkerOptions): Worker => {
  const path = import.meta.url.endsWith(".ts") ? `../../dist/runtime/${module}.js` : `../${module}.js`;
  return new Worker(new URL(path, import.meta.url), { execArgv: [], ...options });
};
