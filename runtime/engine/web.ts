/**
 * ONNX Runtime for browsers: WebAssembly, and WebGPU where the browser has it. It knows no files: graphs are given as bytes.
 * Imported is the build whose WebGPU provider is the one of Node.js's; the package's default has an older one.
 */
import { env, InferenceSession, Tensor } from "onnxruntime-web/webgpu";
import { encodeOnnx } from "../../compiler/artifact/onnx.ts";
import { type Engine, type HostTensor, onHost, type SessionOptions, type Tensors } from "./engine.ts";
import { fromNative, nativeOptions, toNative } from "./native.ts";

const executionProviders: Readonly<Partial<Record<SessionOptions["device"], string>>> = {
  cpu: "wasm",
  webgpu: "webgpu",
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

export const webEngine: Engine = {
  version: env.versions.web ?? "unknown",
  providers: () => ["cpu", ...(hasWebGpu() ? ["webgpu"] : [])],
  open: async (graph, options) => {
    if (typeof graph === "string") throw new Error(`a browser opens no files such as ${graph}: give the graph's bytes`);
    const bytes = graph instanceof Uint8Array ? graph : encodeOnnx(graph);
    const session = await InferenceSession.create(
      bytes,
      nativeOptions(options, executionProviders[options.device] ?? options.device),
    );
    const run = async (feeds: Tensors): Promise<Tensors> => fromNative(await session.run(toNative(feeds, create)));
    return {
      inputNames: session.inputNames,
      outputNames: session.outputNames,
      run,
      // onnxruntime-web 1.30 computes in memory of its own and leaves tensors that it is given for outputs as they are.
      runInto: async (feeds, outputs) => {
        const made = await run(feeds);
        for (const [name, { data }] of Object.entries(outputs)) {
          const output = made[name];
          if (output) data.set(onHost(output).data as never);
        }
      },
      release: () => session.release(),
    };
  },
};
