/** Bundles for a browser what a test has run there. */
import { join } from "node:path";
import { build } from "vite";

/** ONNX Runtime's own files: the build that is bundled here looks for them beside itself. */
export const engineFolder = "node_modules/onnxruntime-web/dist";

/**
 * Writes a module and all that it imports to `page.js`, with its exports.
 * @param entry its path in the clone
 */
export const bundlePage = async (entry: string, folder: string): Promise<void> => {
  await build({
    configFile: false,
    logLevel: "error",
    publicDir: false,
    resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "browser", "module"] },
    build: {
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      modulePreload: false,
      target: "es2023",
      rolldownOptions: {
        input: join(process.cwd(), entry),
        preserveEntrySignatures: "strict",
        output: { entryFileNames: "page.js", format: "es" },
      },
    },
  });
};
