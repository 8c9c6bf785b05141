/**
 * Run by the build: writes to `dist/web/` what browsers load, each file whole in itself, so that a page needs no bundler, and a bundler no
 * configuration; and in `dist/runtime/`, in the place of modules as they were compiled, what Node.js starts with.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import { build, type BuildOptions, type Plugin } from "rolldown";

const modules = ["index", "audio-worker", "model-worker", "training-worker"];

/**
 * A command starts in three threads, of which each would read some sixty modules one by one. These share files; not so the two threads that
 * every clip waits for, which are a file each, and what they load when it is asked for.
 */
const starts: readonly (readonly string[])[] = [
  ["library/model-worker"],
  ["audio/clip-worker"],
  [
    "cli",
    "index",
    "artifact/data-worker",
    "audio/recording-worker",
    "devices/probe-program",
    "distributed/heartbeat-worker",
    "library/task-worker",
  ],
];

/** ONNX Runtime's WebAssembly, and what loads it, which the bundles name as what lies beside them. */
const engineFiles = ["ort-wasm-simd-threaded", "ort-wasm-simd-threaded.asyncify"].flatMap((name) => [
  `${name}.mjs`,
  `${name}.wasm`,
]);
const engine: Plugin = {
  name: "onnxruntime-web",
  generateBundle() {
    for (const fileName of engineFiles) {
      const source = readFileSync(`node_modules/onnxruntime-web/dist/${fileName}`);
      this.emitFile({ type: "asset", fileName, source });
    }
  },
};

/** The folders of the packages that bundles hold code of. */
const packages = new Set<string>(["node_modules/onnxruntime-web"]);
const notePackages: Plugin = {
  name: "packages",
  generateBundle(_, bundle) {
    for (const file of Object.values(bundle)) {
      for (const id of file.type === "chunk" ? file.moduleIds : []) {
        const [folder] = /(?:node_modules|dist\/vendor)\/(?:@[^/]+\/)?[^/]+/.exec(id.replaceAll("\\", "/")) ?? [];
        if (folder !== undefined) packages.add(folder);
      }
    }
  },
};

/** A package's name, version, licence and the text of that, which must go with its code. */
const licenceOf = (folder: string): string => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly [field: string]: string;
  };
  const texts = readdirSync(folder).filter((file) => /^(?:licen[cs]e|copying)/i.test(file));
  return [`${name} ${version} (${license})`, ...texts.map((file) => readFileSync(join(folder, file), "utf8"))].join(
    "\n\n",
  );
};

await build(
  modules.map((name): BuildOptions => ({
    input: `runtime/web/${name}.ts`,
    platform: "browser",
    resolve: { conditionNames: ["onnxruntime-web-use-extern-wasm", "import", "browser", "default"] },
    output: { dir: "dist/web", entryFileNames: "[name].js", format: "es", minify: true, codeSplitting: false },
    plugins: [notePackages, ...(name === "model-worker" ? [engine] : [])],
  })),
);

// Packages stay where npm puts them, but for two of which little is used; what is bundled finds the files beside it by paths that begin with "../".
const bundledPackages = /^(?:valibot|#onnx-proto)$/;
rmSync("dist/runtime/chunks", { recursive: true, force: true });
await build(
  starts.map((names): BuildOptions => ({
    input: Object.fromEntries(names.map((name) => [name, `runtime/${name}.ts`])),
    platform: "node",
    plugins: [notePackages],
    external: (id) => /^[^./]/.test(id) && !isAbsolute(id) && !bundledPackages.test(id),
    output: {
      dir: "dist/runtime",
      entryFileNames: "[name].js",
      chunkFileNames: names.length > 1 ? "chunks/[name].js" : `chunks/${basename(names[0] ?? "")}.[name].js`,
      format: "es",
      minify: { compress: true, mangle: false, codegen: true },
    },
  })),
);

writeFileSync("dist/web/licences.txt", [...packages].toSorted().map(licenceOf).join("\n\n----\n\n"));
