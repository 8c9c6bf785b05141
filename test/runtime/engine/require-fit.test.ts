import { expect, test } from "vitest";
import { cpuDevice, type Device } from "../../../runtime/engine/device.ts";
import { requireFit } from "../../../runtime/engine/require-fit.ts";
import { metadata as linear } from "../artifact/linear-artifact.ts";
import { UserError } from "../../../runtime/user-error.ts";

const { recipe } = linear;
const metadata = { recipe, largestTensor: { forward: 50_000_000, trainingStep: 100_000_000 } };
const gpu: Device = { kind: "webgpu", name: "Small GPU", float16: true, maxTensorBytes: 1_000_000_000 };

test("a batch whose largest tensor is as large as the device takes", () => {
  expect(() => requireFit(metadata, gpu, "trainingStep", 10)).not.toThrow();
  expect(() => requireFit(metadata, gpu, "forward", 20)).not.toThrow();
  expect(() => requireFit(metadata, cpuDevice, "trainingStep", 1e6)).not.toThrow();
});

test("a larger one", () => {
  expect(() => requireFit(metadata, gpu, "trainingStep", 12)).toThrow(
    new UserError(
      "12 clips at once need a tensor of 1.2 GB, and webgpu (Small GPU) takes 1.0 GB at most; use --batch 10",
    ),
  );
});

test("a larger one, of a step that is computed in parts", () => {
  expect(() => requireFit({ ...metadata, recipe: { ...recipe, accumulate: 4 } }, gpu, "trainingStep", 12)).toThrow(
    "takes 1.0 GB at most; use --batch 40",
  );
});

test("a device on which not even one clip fits", () => {
  expect(() => requireFit(metadata, { ...gpu, maxTensorBytes: 1000 }, "forward", 1)).toThrow(
    new UserError("1 clip needs a tensor of 50.0 MB, and webgpu (Small GPU) takes 1.0 kB at most; use --device cpu"),
  );
});
