import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

for (const [variable, what] of [
  ["AST_DATA", "recorded clips"],
  ["AST_WEIGHTS", "real checkpoints"],
] as const) {
  if (!process.env[variable]) console.log(`${variable} is not set: tests on ${what} are skipped (CONTRIBUTING.md)`);
}

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  resolve: { alias: { specgraph: fileURLToPath(new URL("../spec/dsl/index.ts", import.meta.url)) } },
  test: { include: ["test/**/*.test.ts"], testTimeout: 120_000, pool: "forks", maxWorkers: 2 },
});
