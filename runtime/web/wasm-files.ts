/** ONNX Runtime's own files, which lie beside this module's; bundlers find them by this form of their URLs, written out. */
import type { Device } from "../engine/device.ts";
import { useWasm } from "../engine/web.ts";
import { wasmThreads } from "./select-devices.ts";

/** The build without WebGPU is half as large, and on the CPU twice as fast: it need not be left while it waits for a GPU. */
const cpuFiles = {
  mjs: new URL("./ort-wasm-simd-threaded.mjs", import.meta.url).href,
  wasm: new URL("./ort-wasm-simd-threaded.wasm", import.meta.url).href,
};

const webgpuFiles = {
  mjs: new URL("./ort-wasm-simd-threaded.asyncify.mjs", import.meta.url).href,
  wasm: new URL("./ort-wasm-simd-threaded.asyncify.wasm", import.meta.url).href,
};

/** To be called once in a worker, before anything is opened there, with what is to compute; after WebGPU's, the CPU can, too. */
export const useWasmFor = (kind: Device["kind"]): void =>
  useWasm({ files: kind === "webgpu" ? webgpuFiles : cpuFiles, threads: wasmThreads() });
