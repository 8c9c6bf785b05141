/** `compile --watch`, as users run it: the built command line in a folder of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";

const cli = fileURLToPath(new URL("../../dist/compiler/cli.js", import.meta.url));
const waitMs = 30_000;

const specOf = (options: string): string =>
  `import { classesFile, singleLabel } from "specgraph";\nimport { tiny } from "./tiny-model.ts";\nexport default tiny({ objective: singleLabel({ classes: classesFile("classes.csv") }), ${options} });\n`;

const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "specgraph-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(fileURLToPath(new URL("tiny-model.ts", import.meta.url)), join(folder, "tiny-model.ts"));
  writeFileSync(join(folder, "classes.csv"), "index,name\n0,no\n1,yes\n");
  writeFileSync(join(folder, "spec.ts"), specOf('name: "first"'));
  return folder;
};

/** What a watching command prints, as it comes. */
const startWatching = (folder: string, ...args: readonly string[]) => {
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [cli, "spec.ts", "--watch", ...args], {
    cwd: folder,
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const printed = { stdout: "", stderr: "" };
  child.stdout.on("data", (text: Buffer) => void (printed.stdout += text.toString()));
  child.stderr.on("data", (text: Buffer) => void (printed.stderr += text.toString()));
  const ended = new Promise<number | null>((done) => void child.on("exit", done));
  return {
    /** Waits until something new is printed. */
    sees: async (stream: "stdout" | "stderr", text: string | RegExp): Promise<void> => {
      await vi.waitFor(() => expect(printed[stream]).toMatch(text), { timeout: waitMs, interval: 20 });
      printed[stream] = "";
    },
    printed,
    end: (): Promise<number | null> => {
      child.kill("SIGINT");
      return ended;
    },
  };
};

test("compiles again when the spec, what it imports or its classes change, however they are saved; Ctrl-C ends with 0", async () => {
  const folder = makeFolder();
  const path = (name: string): string => join(folder, name);
  const watching = startWatching(folder);
  await watching.sees("stdout", /spec\.ts -> graph\.onnx: first, 2 classes/);
  await watching.sees("stderr", "watching spec.ts and what it reads; Ctrl-C ends\n");

  writeFileSync(path("spec.ts"), specOf('name: "second"'));
  await watching.sees("stdout", /: second, 2 classes/);

  writeFileSync(path("classes.csv"), "index,name\n0,no\n1,yes\n2,perhaps\n");
  await watching.sees("stdout", /: second, 3 classes/);

  // As editors save: written beside, and put in its place.
  writeFileSync(path("spec.ts~"), specOf('name: "third"'));
  renameSync(path("spec.ts~"), path("spec.ts"));
  await watching.sees("stdout", /: third, 3 classes/);

  rmSync(path("spec.ts"));
  writeFileSync(path("spec.ts"), specOf('name: "fourth"'));
  writeFileSync(path("spec.ts"), specOf('name: "fifth"'));
  await watching.sees("stdout", /: fifth, 3 classes/);
  expect(watching.printed.stderr).toBe("");

  const graph = readFileSync(path("graph.onnx"));
  writeFileSync(path("spec.ts"), `import { seed } from "./seed.ts";\n${specOf('name: "sixth", seed')}`);
  await watching.sees("stderr", /there is no file \.\/seed\.ts \(unknown-module\)/);
  expect(readFileSync(path("graph.onnx")).equals(graph)).toBe(true);
  writeFileSync(path("seed.ts"), "export const seed = 4;\n");
  await watching.sees("stdout", /: sixth, 3 classes/);

  writeFileSync(path("seed.ts"), "export const seed = 4.5;\n");
  await watching.sees("stderr", /seed must be a whole number, not 4\.5/);
  expect(await watching.end()).toBe(0);
}, 120_000);

test("--json: one line a compilation, errors among them", async () => {
  const folder = makeFolder();
  const watching = startWatching(folder, "--json", "--set", "seed=4");
  await vi.waitFor(() => expect(watching.printed.stdout).toContain("\n"), { timeout: waitMs });
  writeFileSync(join(folder, "spec.ts"), specOf("seed: 1, nmae: 5"));
  await vi.waitFor(() => expect(watching.printed.stdout.split("\n")).toHaveLength(3), { timeout: waitMs });
  expect(await watching.end()).toBe(0);
  const lines = watching.printed.stdout.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { spec: "spec.ts", out: "graph.onnx", settings: ["seed=4"] },
    {
      spec: "spec.ts",
      errors: [{ code: "unknown-option", file: "spec.ts", line: 3, fix: "did you mean name?" }],
    },
  ]);
}, 60_000);
