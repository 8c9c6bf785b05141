import { spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadClip } from "../../../runtime/audio/load-clip.ts";
import { openClip } from "../../../runtime/audio/open-clip.ts";
import { nodeThreads } from "../../../runtime/threads/node.ts";
import { readWindows } from "../../../runtime/audio/read-windows.ts";
import type { Window } from "../../../runtime/audio/windows.ts";
import { saying } from "../saying.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { wavBytes } from "./wav-bytes.ts";

const options = { sampleRateHz: 16_000, minSamples: 400, windowSeconds: 1, hopSeconds: 0.5 };

const going = new AbortController().signal;

const collect = async (path: string, into: Window[] = []) => {
  const notes: string[] = [];
  const note = (clause: string): void => void notes.push(clause);
  for await (const group of readWindows(nodeThreads, { name: path, path }, { ...options, batch: 1, note, stop: going }))
    into.push(...group.map((window) => ({ ...window, samples: window.samples.slice() })));
  return { given: into, notes };
};

const wave = (samples: number) => Array.from({ length: samples }, (_, index) => Math.round(9000 * Math.sin(index)));

test("a file's windows are what the whole file, loaded, is made of", async () => {
  const path = join(
    temporaryFolder({ "clip.wav": wavBytes(wave(100_000), { sampleRateHz: 22_050, channels: 2 }) }),
    "clip.wav",
  );
  const whole = await loadClip(openClip, path, options);
  const { given, notes } = await collect(path);
  expect(given.map(({ startSeconds }) => startSeconds)).toEqual([0, 0.5, 1, 1.5]);
  expect(given.at(-1)?.endSeconds).toBe(whole.samples.length / 16_000);
  for (const { samples, startSeconds } of given) {
    expect(samples).toEqual(whole.samples.slice(startSeconds * 16_000, startSeconds * 16_000 + samples.length));
  }
  expect(notes).toEqual([]);
});

test("a sample that is none ends the windows, after what comes before it", async () => {
  const samples = wave(40_000).map((value, index) => (index === 30_000 ? Number.NaN : value / 32_768));
  const path = join(temporaryFolder({ "clip.wav": wavBytes(samples, { encoding: "float", bits: 32 }) }), "clip.wav");
  const given: Window[] = [];
  await expect(collect(path, given)).rejects.toThrow(
    saying(`${path}: sample 30000 is NaN; expected numbers in [-1, 1]`),
  );
  expect(given.map(({ endSeconds }) => endSeconds)).toEqual([1, 1.5, 1.875]);
});

test("what is wrong with a file names it", async () => {
  const folder = temporaryFolder({ "text.wav": "no sound at all", "short.wav": wavBytes(wave(399)) });
  const [missing, text, short] = ["none.wav", "text.wav", "short.wav"].map((name) => join(folder, name));
  await expect(collect(missing ?? "")).rejects.toThrow(saying(`${missing}: there is no such file`));
  await expect(collect(text ?? "")).rejects.toThrow(saying(/text\.wav: this is not audio that can be read/));
  await expect(collect(short ?? "")).rejects.toThrow(
    saying(`${short}: the clip has 399 samples at 16000 Hz; the model needs 400 or more (25 ms)`),
  );
});

test("whoever has heard enough ends the thread", async () => {
  const path = join(temporaryFolder({ "clip.wav": wavBytes(wave(100_000)) }), "clip.wav");
  let last = 0;
  for await (const [window] of readWindows(
    nodeThreads,
    { name: path, path },
    { ...options, batch: 1, note: () => undefined, stop: going },
  )) {
    last = window?.startSeconds ?? 0;
    if (last >= 1) break;
  }
  expect(last).toBe(1);
});

/** A process of its own that reads a file's windows: how many, and its peak memory. */
const readAlone = (path: string): { readonly windows: number; readonly peakMegabytes: number } => {
  const urlOf = (module: string) => new URL(`../../../dist/runtime/${module}.js`, import.meta.url).href;
  const program = `
    const { readWindows } = await import(${JSON.stringify(urlOf("audio/read-windows"))});
    const { nodeThreads } = await import(${JSON.stringify(urlOf("threads/node"))});
    let windows = 0;
    const options = { ...${JSON.stringify(options)}, batch: 4, note: () => undefined, stop: new AbortController().signal };
    for await (const group of readWindows(nodeThreads, ${JSON.stringify({ name: path, path })}, options)) windows += group.length;
    console.log(JSON.stringify({ windows, peakMegabytes: process.resourceUsage().maxRSS / 1024 }));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  expect(stderr).toBe("");
  return JSON.parse(stdout) as ReturnType<typeof readAlone>;
};

test("memory does not grow with a recording's length", () => {
  const folder = temporaryFolder();
  /** Silence, which takes no space on the disk. */
  const recording = (seconds: number): string => {
    const path = join(folder, `${seconds}.wav`);
    const bytes = seconds * 48_000 * 4;
    writeFileSync(path, wavBytes([], { sampleRateHz: 48_000, channels: 2, dataSize: bytes }));
    const file = openSync(path, "r+");
    ftruncateSync(file, readFileSync(path).length + bytes);
    closeSync(file);
    return path;
  };
  const [short, long] = [readAlone(recording(20)), readAlone(recording(600))];
  expect(short.windows).toBe(39);
  expect(long.windows).toBe(1199);
  // Ten minutes are 230 MB as floats of two channels, and 38 MB at the model's rate.
  expect(long.peakMegabytes - short.peakMegabytes).toBeLessThan(20);
}, 60_000);
