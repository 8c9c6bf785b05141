import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const pathOf = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

export default defineConfig({
  root: pathOf(""),
  resolve: { alias: { "specgraph/ast": pathOf("spec/ast.ts"), specgraph: pathOf("spec/dsl/index.ts") } },
  test: {
    globalSetup: ["test/announce-skips.ts"],
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
