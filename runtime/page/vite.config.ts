/** Builds the page into `dist/page/`. The library is no part of it: the page loads it from `web/`, beside itself, like other pages. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  root: pathOf("./"),
  base: "./",
  publicDir: false,
  logLevel: "warn",
  build: {
    outDir: pathOf("../../dist/page"),
    emptyOutDir: true,
    target: "es2023",
    modulePreload: { polyfill: false },
    // What a page of this policy loads has an address of its own.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { index: pathOf("index.html"), "microphone-worklet": pathOf("parts/microphone-worklet.ts") },
      // A worklet is loaded by its name, as its module is none of the page's.
      output: { entryFileNames: (chunk) => (chunk.name === "index" ? "assets/[name]-[hash].js" : "[name].js") },
    },
  },
});
