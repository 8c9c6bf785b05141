import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { product } from "../../../compiler/artifact/dim.ts";
import { cpuDevice } from "../../../runtime/engine/device.ts";
import { readInputs } from "../../../runtime/train/prepared-run.ts";
import { requireMemory } from "../../../runtime/train/require-memory.ts";
import { linearModel, metadata, writeLinearModel } from "../artifact/linear-artifact.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { saying } from "../saying.ts";
import { enterWorkspace, startRun } from "./run-workspace.ts";

/** A graph of which each clip takes so much. */
const writeGraph = (folder: string, bytes: number): void => {
  const gradients = { flops: 0, activationBytes: 0, largestTensorBytes: [], peakBytes: [product([bytes, "batch"])] };
  writeLinearModel(folder, linearModel({ classes: ["low", "high"], cost: { ...metadata.cost, gradients } }));
};

/** Their waveforms are next to nothing. */
const lengths = { clips: 10, longestSeconds: 0.001, totalSeconds: 0.01 };

const needs = (bytes: number, batch: number, available: number) => {
  const folder = temporaryFolder();
  writeGraph(folder, bytes);
  const inputs = readInputs(join(folder, "graph.onnx"), { batch });
  return () => requireMemory(inputs, lengths, cpuDevice, available)?.neededBytes;
};

test("what fits is told, and what fits if the prediction is a little too high", () => {
  expect(needs(1e9, 3, 4e9)()).toBeCloseTo(230e6 + 3.6e9, -3);
  expect(needs(1e9, 3, 3.4e9)()).toBeCloseTo(230e6 + 3.6e9, -3);
});

test("what does not fit is refused, with a batch that does, and parts that come to the same", () => {
  expect(needs(1e9, 12, 8e9)).toThrow(
    saying(
      /graph\.onnx: training on 12 clips at once takes about 14\.6 GB of memory, and 8\.0 GB are left; use --batch 6, or accumulate: 2 in the spec, which learns the same$/,
    ),
  );
  expect(needs(1e12, 1, 8e9)).toThrow(saying(/8\.0 GB are left; compile a smaller model, or one of shorter clips$/));
});

test("clips of any length are as long as the longest is, of what the model hears; their waveforms are kept", () => {
  const folder = temporaryFolder();
  const cost = {
    ...metadata.cost,
    gradients: {
      flops: 0,
      activationBytes: 0,
      largestTensorBytes: [],
      peakBytes: [product([1000, "batch", "samples"])],
    },
  };
  const anyLength = { least: 1, most: 4000 };
  writeLinearModel(folder, linearModel({ classes: ["low", "high"], cost, anyLength }));
  const inputs = readInputs(join(folder, "graph.onnx"), { batch: 2 });
  const need = (longestSeconds: number, totalSeconds: number): number | undefined =>
    requireMemory(inputs, { clips: 10, longestSeconds, totalSeconds }, cpuDevice, 1e12)?.neededBytes;
  const fixed = metadata.cost.stateBytes.training + 230e6;
  expect(need(0.5, 2)).toBeCloseTo(fixed + 1.2 * 1000 * 2 * 8000 + 4 * 2 * 16_000, -3);
  expect(need(Infinity, Infinity)).toBeCloseTo(fixed + 1.2 * 1000 * 2 * 16_000 + 4 * 10 * 16_000, -3);
});

test("nothing is written of a run that does not fit", async () => {
  enterWorkspace();
  writeGraph(".", 1e15);
  await expect(startRun({ batch: 2 })).rejects.toThrow(saying(/takes about .* of memory, and .* are left/));
  expect(existsSync("run")).toBe(false);
});
