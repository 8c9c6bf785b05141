import { expect, test } from "vitest";
import type { StageCost } from "../../../compiler/artifact/cost.ts";
import { type Dim, product } from "../../../compiler/artifact/dim.ts";
import { cpuDevice, type Device } from "../../../runtime/engine/device.ts";
import { requireFit } from "../../../runtime/engine/require-fit.ts";
import { metadata as linear } from "../artifact/linear-artifact.ts";
import { saying } from "../saying.ts";

const { recipe } = linear;
const stage = (largestTensorBytes: readonly Dim[]): StageCost => ({
  flops: 0,
  activationBytes: 0,
  largestTensorBytes,
  peakBytes: [],
});
const metadata = {
  recipe,
  cost: {
    inference: stage([product([50_000_000, "batch"]), product([4, "batch", "samples"])]),
    gradients: stage([product([100_000_000, "batch"])]),
    update: stage([70_000_000]),
    stateBytes: { inference: 0, training: 0 },
  },
};
const gpu: Device = { kind: "webgpu", name: "Small GPU", float16: true, maxTensorBytes: 1_000_000_000 };

test("a batch whose largest tensor is as large as the device takes", () => {
  expect(() => requireFit(metadata, gpu, "training", { batch: 10, samples: 16_000 })).not.toThrow();
  expect(() => requireFit(metadata, gpu, "inference", { batch: 20, samples: 16_000 })).not.toThrow();
  expect(() => requireFit(metadata, cpuDevice, "training", { batch: 1e6, samples: 16_000 })).not.toThrow();
});

test("a larger one", () => {
  expect(() => requireFit(metadata, gpu, "training", { batch: 12, samples: 16_000 })).toThrow(
    saying("12 clips at once need a tensor of 1.2 GB, and webgpu (Small GPU) takes 1.0 GB at most; use --batch 10"),
  );
});

test("a larger one, of a step that is computed in parts", () => {
  expect(() =>
    requireFit({ ...metadata, recipe: { ...recipe, accumulate: 4 } }, gpu, "training", { batch: 12, samples: 16_000 }),
  ).toThrow(saying(/takes 1.0 GB at most; use --batch 40$/));
});

test("a device on which not even one clip fits", () => {
  expect(() =>
    requireFit(metadata, { ...gpu, maxTensorBytes: 1000 }, "inference", { batch: 1, samples: 16_000 }),
  ).toThrow(saying("1 clip needs a tensor of 50.0 MB, and webgpu (Small GPU) takes 1.0 kB at most; use --device cpu"));
});

test("long clips, of which fewer fit than of short ones", () => {
  expect(() => requireFit(metadata, gpu, "inference", { batch: 8, samples: 12_500_000 })).not.toThrow();
  expect(() => requireFit(metadata, gpu, "inference", { batch: 8, samples: 57_600_000 })).toThrow(
    saying("8 clips at once need a tensor of 1.8 GB, and webgpu (Small GPU) takes 1.0 GB at most; use --batch 4"),
  );
});

test("parameters that are too large by themselves", () => {
  const cost = { ...metadata.cost, update: stage([2_000_000_000]) };
  expect(() => requireFit({ ...metadata, cost }, gpu, "training", { batch: 1, samples: 16_000 })).toThrow(
    saying("1 clip needs a tensor of 2.0 GB, and webgpu (Small GPU) takes 1.0 GB at most; use --device cpu"),
  );
});
