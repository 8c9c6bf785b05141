import { spawnSync } from "node:child_process";
import { saying } from "../saying.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { WorkerOptions } from "node:worker_threads";
import { expect, onTestFinished, test, vi } from "vitest";
import { createClipLoader } from "../../../runtime/audio/create-clip-loader.ts";
import { nodeThreads } from "../../../runtime/threads/node.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { wavBytes } from "./wav-bytes.ts";

/** What new threads run instead of the worker, where a test sets it. */
const replacement = vi.hoisted((): { script: string | undefined } => ({ script: undefined }));
vi.mock("node:worker_threads", async (importOriginal) => {
  const threads = await importOriginal<typeof import("node:worker_threads")>();
  class Worker extends threads.Worker {
    constructor(url: URL, options: WorkerOptions) {
      super(replacement.script ?? url, { ...options, eval: replacement.script !== undefined });
    }
  }
  return { ...threads, Worker };
});

const open = (options: { workers?: number; minSamples?: number } = {}) => {
  const loader = createClipLoader(nodeThreads, { sampleRateHz: 16_000, minSamples: 1, ...options });
  onTestFinished(loader.close);
  return loader;
};

const clipNames = Array.from({ length: 20 }, (_, index) => `${index}.wav`);
const folderOfClips = () =>
  temporaryFolder(Object.fromEntries(clipNames.map((name, index) => [name, wavBytes([index, index])])));

test.each([1, 3])("%d threads read many clips, each its own", async (workers) => {
  const loader = open({ workers });
  const folder = folderOfClips();
  const clips = await Promise.all(clipNames.map((name) => loader.load(join(folder, name))));
  expect(clips).toEqual(clipNames.map((_, index) => new Float32Array(2).fill(index / 32_768)));
});

test("the user's mistakes cross the thread boundary as such, and the thread goes on", async () => {
  const loader = open({ workers: 1, minSamples: 2 });
  const folder = folderOfClips();
  const missing = loader.load(join(folder, "none.wav"));
  const present = loader.load(join(folder, "7.wav"));
  await expect(missing).rejects.toThrow(saying(`${folder}/none.wav: there is no such file`));
  await expect(missing).rejects.toBeInstanceOf(UserError);
  expect(await present).toHaveLength(2);
});

test("a thread that stops rejects its clip, and the next clip is read by a new one", async () => {
  const loader = open({ workers: 1 });
  const folder = folderOfClips();
  replacement.script = 'require("node:worker_threads").parentPort.once("message", () => process.exit(3))';
  const lost = loader.load("lost.wav");
  replacement.script = undefined;
  const next = loader.load(join(folder, "7.wav"));
  await expect(lost).rejects.toThrow("the thread reading lost.wav stopped: exit code 3");
  expect(await next).toHaveLength(2);
});

test("a thread that stops takes only the clip with it that it was at", async () => {
  const loader = open({ workers: 1 });
  const folder = folderOfClips();
  replacement.script = 'require("node:worker_threads").parentPort.once("message", () => process.exit(3))';
  const lost = loader.load("lost.wav");
  const others = ["7.wav", "8.wav"].map((name) => loader.load(join(folder, name)));
  replacement.script = undefined;
  await expect(lost).rejects.toThrow("the thread reading lost.wav stopped: exit code 3");
  expect(await Promise.all(others)).toMatchObject([{ length: 2 }, { length: 2 }]);
});

test("clips are read while the thread that asks for them computes", async () => {
  const loader = open({ workers: 1 });
  const folder = folderOfClips();
  await loader.load(join(folder, "0.wav"));
  const clips = Promise.all(clipNames.map((name) => loader.load(join(folder, name))));
  const computedUntil = performance.now() + 1000;
  while (performance.now() < computedUntil);
  const asked = performance.now();
  await clips;
  expect(performance.now() - asked).toBeLessThan(100);
});

test("a thread that cannot start rejects its clip with the reason", async () => {
  const loader = open({ workers: 1 });
  replacement.script = 'throw new Error("no memory")';
  const lost = Promise.allSettled([loader.load("1.wav"), loader.load("2.wav")]);
  expect(await lost).toMatchObject([
    { reason: { message: "the thread reading 1.wav stopped: no memory" } },
    { reason: { message: "the thread reading 2.wav stopped: no memory" } },
  ]);
  replacement.script = undefined;
});

test("closing rejects what is still to be read, and later loads", async () => {
  const loader = open({ workers: 1 });
  const folder = folderOfClips();
  const running = loader.load(join(folder, "1.wav"));
  const waiting = loader.load(join(folder, "2.wav"));
  const settled = Promise.allSettled([running, waiting]);
  await loader.close();
  const [, second] = await settled;
  expect(second).toMatchObject({ reason: { message: `the clip loader was closed before ${folder}/2.wav was read` } });
  await expect(loader.load("3.wav")).rejects.toThrow("the clip loader is closed; it cannot read 3.wav");
});

test("an idle loader keeps no process alive, and what decoders print stays inside", () => {
  const flac = readFileSync(fileURLToPath(new URL("../../fixtures/audio/sines.flac", import.meta.url)));
  const urlOf = (module: string) => new URL(`../../../dist/runtime/${module}.js`, import.meta.url).href;
  const script = `
    import { createClipLoader } from ${JSON.stringify(urlOf("audio/create-clip-loader"))};
    import { nodeThreads } from ${JSON.stringify(urlOf("threads/node"))};
    const loader = createClipLoader(nodeThreads, { sampleRateHz: 16000, minSamples: 1 });
    await loader.load("broken.flac").catch((error) => console.log(error.message));`;
  const cwd = temporaryFolder({ "broken.flac": flac.subarray(0, -1), "load.mjs": script });
  const { status, stdout, stderr } = spawnSync(process.execPath, ["load.mjs"], {
    cwd,
    timeout: 20_000,
    encoding: "utf8",
  });
  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: "broken.flac: the file is corrupt or cut off: its last frame is not whole\n",
    stderr: "",
  });
});
