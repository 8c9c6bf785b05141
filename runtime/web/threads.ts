/** Web workers. */
import type { Parent, Threads } from "../threads/threads.ts";

/** Bundlers find a worker by this form of its URL, written out. */
const modules: Readonly<Record<string, () => Worker>> = {
  "audio/clip-worker": () => new Worker(new URL("./audio-worker.js", import.meta.url), { type: "module" }),
  "audio/recording-worker": () => new Worker(new URL("./audio-worker.js", import.meta.url), { type: "module" }),
  "web/training-worker": () => new Worker(new URL("./training-worker.js", import.meta.url), { type: "module" }),
  "library/model-worker": () => new Worker(new URL("./model-worker.js", import.meta.url), { type: "module" }),
};

/** What a worker is sent first. */
interface Start {
  readonly module: string;
  readonly data: unknown;
  readonly isQuiet: boolean;
}

export const webThreads: Threads = {
  parallel: () => navigator.hardwareConcurrency,
  start: (module, { data, transfer = [], isQuiet = false, onMessage, onStop }) => {
    const worker = modules[module]?.();
    if (!worker) throw new Error(`no worker is called ${module}`);
    worker.addEventListener("message", ({ data }) => onMessage(data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      onStop(event.message || "its module cannot be loaded");
    });
    const post = (message: unknown, moved: readonly unknown[] = []): void =>
      worker.postMessage(message, moved as Transferable[]);
    post({ module, data, isQuiet } satisfies Start, transfer);
    return { post, keepProcess: () => undefined, end: async () => worker.terminate() };
  },
};

type Silenced = "debug" | "error" | "info" | "log" | "warn";

const silence = (): void => {
  for (const name of ["debug", "error", "info", "log", "warn"] satisfies readonly Silenced[]) {
    console[name] = () => undefined;
  }
};

/** A worker's own end, once it has been told what it is started with; what it is sent meanwhile waits. */
export const webParent = (): Promise<Parent<unknown> & Pick<Start, "module">> =>
  new Promise((resolve) => {
    let listen: ((message: never) => void) | undefined;
    const waiting: unknown[] = [];
    let start: Start | undefined;
    globalThis.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (start !== undefined) {
        if (listen) listen(data as never);
        else waiting.push(data);
        return;
      }
      start = data as Start;
      if (start.isQuiet) silence();
      resolve({
        module: start.module,
        data: start.data,
        post: (message, transfer = []) => globalThis.postMessage(message, { transfer: transfer as Transferable[] }),
        onMessage: (given) => {
          listen = given;
          for (const message of waiting.splice(0)) given(message as never);
        },
      });
    });
  });
