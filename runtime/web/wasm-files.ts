/** ONNX Runtime's own files, which lie beside this module's; bundlers find them by this form of their URLs, written out. */
export const wasmFiles = {
  mjs: new URL("./ort-wasm-simd-threaded.asyncify.mjs", import.meta.url).href,
  wasm: new URL("./ort-wasm-simd-threaded.asyncify.wasm", import.meta.url).href,
};
