import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { wavBytes } from "../audio/wav-bytes.ts";
import { writeLinearModel } from "../artifact/linear-artifact.ts";

const built = (path: string): string => fileURLToPath(new URL(`../../../dist/${path}`, import.meta.url));
const cli = built("runtime/cli.js");

/** A graph, a clip, and folders for all that a library may write to. */
const workspace = () => {
  const clips = ["a", "b"].flatMap((name) => [
    [`clips/low/${name}.wav`, wavBytes([30_000, 0, 0, 0])] as const,
    [`clips/high/${name}.wav`, wavBytes([0, 0, 0, 30_000])] as const,
  ]);
  const folder = temporaryFolder(Object.fromEntries(clips));
  writeLinearModel(folder);
  const home = join(folder, "home");
  const places = { HOME: home, XDG_CACHE_HOME: join(home, "cache"), TMPDIR: join(home, "tmp") };
  for (const place of [home, places.XDG_CACHE_HOME, places.TMPDIR]) mkdirSync(place);
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
  return { folder, home, env: { ...env, ...places } };
};

test.each([
  ["infer", ["infer", "graph.onnx", "clips/low/a.wav", "--device", "cpu"]],
  ["train", ["train", "graph.onnx", "--data", "clips", "--steps", "2", "--out", "run", "--device", "cpu"]],
  ["devices, whose probes are processes of their own", ["devices"]],
])("leaves no file of ONNX Runtime's telemetry: %s", (_, args) => {
  const { folder, home, env } = workspace();
  execFileSync(process.execPath, [cli, ...args], { cwd: folder, env, stdio: "pipe" });
  expect(readdirSync(home, { recursive: true, encoding: "utf8" }).toSorted()).toStrictEqual(["cache", "tmp"]);
});

test("many operands: the telemetry's stack overflowed above some 25 kB of them", () => {
  const { folder, env } = workspace();
  // Each is another clip: one that is named twice is heard once.
  const clips = Array.from({ length: 10_000 }, (_, index) => `clips/low/${index}.wav`);
  for (const clip of clips) copyFileSync(join(folder, "clips/low/a.wav"), join(folder, clip));
  const args = [cli, "infer", "graph.onnx", ...clips, "--json", "--device", "cpu"];
  const { status, signal, stdout } = spawnSync(process.execPath, args, {
    cwd: folder,
    env,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  expect({ status, signal, lines: stdout.trim().split("\n").length }).toStrictEqual({
    status: 0,
    signal: null,
    lines: 10_000,
  });
});

test("a worker alone cannot turn the telemetry off", async () => {
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
  const worker = new Worker(built("runtime/engine/node.js"), { env });
  const failure = await new Promise<Error | undefined>((resolve) => {
    worker.on("error", resolve);
    worker.on("exit", () => resolve(undefined));
  });
  expect(failure?.message).toBe(
    "ORT_DISABLE_TELEMETRY=1 is not set: load the runtime in the main thread before a worker starts",
  );
});
