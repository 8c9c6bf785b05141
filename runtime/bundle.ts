/** Run by the build: writes to `dist/` what browsers load, each file whole in itself, so that a page needs no bundler, and a bundler no configuration. */
import { readFileSync } from "node:fs";
import { build, type BuildOptions, type Plugin } from "rolldown";

const modules = ["index", "audio-worker", "model-worker"];

/** ONNX Runtime's WebAssembly, and what loads it, which the bundles name as what lies beside them. */
const engineFiles = ["ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm"];
const engine: Plugin = {
  name: "onnxruntime-web",
  generateBundle() {
    for (const fileName of engineFiles) {
      const source = readFileSync(`node_modules/onnxruntime-web/dist/${fileName}`);
      this.emitFile({ type: "asset", fileName, source });
    }
  },
};

await build(
  modules.map((name): BuildOptions => ({
    input: `runtime/web/${name}.ts`,
    platform: "browser",
    resolve: { conditionNames: ["onnxruntime-web-use-extern-wasm", "import", "browser", "default"] },
    output: { dir: "dist/web", entryFileNames: "[name].js", format: "es", minify: true, codeSplitting: false },
    plugins: name === "model-worker" ? [engine] : [],
  })),
);
