import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  resolve: { alias: { specgraph: fileURLToPath(new URL("../spec/dsl/index.ts", import.meta.url)) } },
  test: {
    globalSetup: ["test/announce-skips.ts"],
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
