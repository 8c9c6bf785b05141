/**
 * ONNX Runtime for browsers: WebAssembly, and WebGPU where the browser has it. It knows no files: graphs are given as bytes.
 * Imported is the build whose WebGPU provider is the one of Node.js's; the package's default has an older one.
 */
import { env, InferenceSession, Tensor } from "onnxruntime-web/webgpu";
import { encodeOnnx } from "../../compiler/artifact/onnx.ts";
import { type Engine, type HostTensor, type SessionOptions, type Tensors } from "./engine.ts";
import { DeviceLost } from "./device-lost.ts";
import { copyInto, fromNative, nativeOptions, toNative } from "./native.ts";

/**
 * Buffers of results that are always of the same sizes are kept for exactly these: by default they are rounded up. Of others each size
 * would be kept.
 */
const providerFor = ({ device, variesInSize = false }: SessionOptions): InferenceSession.ExecutionProviderConfig => {
  if (device !== "webgpu") return "wasm";
  return { name: "webgpu", storageBufferCacheMode: variesInSize ? "bucket" : "simple" };
};

const create = ({ type, data, dims }: HostTensor): Tensor => new Tensor(type, data as never, dims);

/** Types for Node.js have no `navigator.gpu`. */
const hasWebGpu = (): boolean =>
  (globalThis as { readonly navigator?: { readonly gpu?: unknown } }).navigator?.gpu !== undefined;

export interface WasmOptions {
  /** URLs of ONNX Runtime's own two files. */
  readonly files: { readonly mjs: string; readonly wasm: string };
  /** More than one needs a page that is cross-origin isolated. */
  readonly threads: number;
}

/** To be called before anything is opened. */
export const useWasm = ({ files, threads }: WasmOptions): void => {
  env.wasm.wasmPaths = files;
  env.wasm.numThreads = threads;
};

/** As far as it is asked for: types for Node.js lack WebGPU. */
interface GpuDevice {
  readonly lost: Promise<{ readonly message: string }>;
  readonly queue: { readonly onSubmittedWorkDone: () => Promise<unknown> };
}

/** How long a run that has failed waits to hear whether its GPU is lost. */
const lossMs = 1000;

interface GpuWatch {
  readonly isLost: () => boolean;
  /** @throws DeviceLost where the GPU was lost before a run, or is while it goes on */
  readonly guard: <Result>(run: () => Promise<Result>) => Promise<Result>;
}

const noGpu: GpuWatch = { isLost: () => false, guard: (run) => run() };

/** Of a GPU that is lost ONNX Runtime (1.30) tells in words of its own, if a run goes on; one that begins afterwards never ends. */
const watchGpu = ({ lost, queue }: GpuDevice): GpuWatch => {
  let loss: DeviceLost | undefined;
  const losing = lost.then(({ message }) => (loss = new DeviceLost(message || "the GPU was lost")));
  const failure = losing.then((error) => {
    throw error;
  });
  failure.catch(() => undefined); // thrown to whoever runs meanwhile
  return {
    isLost: () => loss !== undefined,
    guard: async (run) => {
      // Whether it was lost meanwhile is heard of on the way.
      await Promise.race([queue.onSubmittedWorkDone(), losing]);
      if (loss) throw loss;
      try {
        return await Promise.race([run(), failure]);
      } catch (error) {
        const late = new Promise<undefined>((resolve) => {
          setTimeout(() => resolve(undefined), lossMs);
        });
        throw (await Promise.race([losing, late])) ?? error;
      }
    },
  };
};

export const webEngine: Engine = {
  version: env.versions.web ?? "unknown",
  // ONNX Runtime (1.30) knows no sizes of caches there and computes it untiled: a twelfth less time, for one more copy of the graph.
  tilesAttention: false,
  providers: () => ["cpu", ...(hasWebGpu() ? ["webgpu"] : [])],
  open: async (graph, options) => {
    if (typeof graph === "string") throw new Error(`a browser opens no files such as ${graph}: give the graph's bytes`);
    const bytes = graph instanceof Uint8Array ? graph : encodeOnnx(graph);
    const session = await InferenceSession.create(bytes, nativeOptions(options, providerFor(options)));
    const { isLost, guard } = options.device === "webgpu" ? watchGpu(await env.webgpu.device) : noGpu;
    const run = (feeds: Tensors): Promise<Tensors> =>
      guard(async () => fromNative(await session.run(toNative(feeds, create))));
    return {
      inputNames: session.inputNames,
      outputNames: session.outputNames,
      run,
      // onnxruntime-web 1.30 computes in memory of its own and leaves tensors that it is given for outputs as they are.
      runInto: async (feeds, outputs) => copyInto(outputs, await run(feeds)),
      release: async () => {
        if (!isLost()) await session.release();
      },
    };
  },
};
