/** What is predicted of a process's memory, against what it takes. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { predictMemory, type Task } from "../../compiler/artifact/cost.ts";
import { samplesIn } from "../../compiler/artifact/frames.ts";
import { compile } from "../../compiler/compile.ts";
import { temporaryFolder } from "./audio/temporary-folder.ts";
import { wavBytes } from "./audio/wav-bytes.ts";

/** Bytes of the machine's memory that the command has held at the most; getrusage(2) would count its parent's, too. */
const peakOf = (folder: string, args: readonly string[]): number => {
  const record = join(folder, "peak.txt");
  const hook = `process.on("exit", () => require("fs").writeFileSync(${JSON.stringify(record)}, require("fs").readFileSync("/proc/self/status")))`;
  writeFileSync(join(folder, "hook.cjs"), `if (require("worker_threads").isMainThread) ${hook};`);
  const command = ["--require", join(folder, "hook.cjs"), resolve("dist/runtime/cli.js"), ...args];
  const { status, stderr } = spawnSync(process.execPath, command, { cwd: folder, encoding: "utf8" });
  expect([status, stderr.includes("defect")]).toStrictEqual([0, false]);
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(record, "utf8"))?.[1]) * 1024;
};

test.each<[Task, number, readonly string[]]>([
  ["training", 64, ["train", "graph.onnx", "--batch", "64", "--steps", "2", "--out", "run", "--device", "cpu"]],
  ["inference", 1, ["infer", "graph.onnx", "clip.wav", "--device", "cpu"]],
])(
  "%s of the quickstart's model",
  (task, batch, args) => {
    const folder = temporaryFolder({ "clip.wav": wavBytes(Array.from({ length: 16_000 }, (_, n) => n % 999)) });
    const out = join(folder, "graph.onnx");
    const { metadata } = compile({ spec: "spec/quickstart.ts", out, input: "waveform" });
    const predicted = predictMemory(metadata.cost, task, { batch, samples: samplesIn(metadata.frames, metadata) });
    const ratio = predicted / peakOf(folder, args);
    expect(ratio).toBeGreaterThan(0.7);
    expect(ratio).toBeLessThan(1.3);
  },
  120_000,
);
