import { expect, test } from "vitest";
import type { NonFinite } from "../../../runtime/engine/find-non-finite.ts";
import { lossGuard } from "../../../runtime/train/require-finite.ts";
import { metadata } from "../artifact/linear-artifact.ts";

const keeper = { nameOf: () => "run/graph.onnx" };
const part = { path: "blocks.0.residual1.attention", line: "spec.ts:12" };

const told = async (
  find: () => Promise<NonFinite | undefined>,
  progress = { epochs: 0, steps: 0 },
): Promise<unknown> => {
  const guard = lossGuard({ recipe: metadata.recipe, keeper }, find);
  await guard({ loss: 0.5, learningRate: 0.1 }, progress);
  return guard({ loss: Number.NaN, learningRate: 0.1 }, progress).catch((error: unknown) => (error as Error).message);
};

test("a step whose loss is not finite: what was found of it", async () => {
  const atStep = (step: number, epoch: number) =>
    `the loss is not a number at step ${step} of epoch ${epoch}, with a learning rate of 0.1`;
  const first = "the first values that are not finite are those of blocks.0.residual1.attention (spec.ts:12)";
  expect(await told(async () => ({ part, state: undefined }))).toBe(`${atStep(1, 1)}: ${first}`);
  const state = "blocks.0.residual1.attention.qkv.weight";
  expect(await told(async () => ({ part, state }))).toBe(`${atStep(1, 1)}: ${first}, whose ${state} is not finite`);
  expect(await told(async () => ({ part, state }), { epochs: 1, steps: 7 })).toBe(
    `${atStep(8, 2)}: ${first}, whose ${state} is not finite since the step before; run/graph.onnx holds the parameters after epoch 1`,
  );
  expect(await told(async () => undefined)).toBe(atStep(1, 1));
});

test("a search that fails hides nothing of what is known", async () => {
  expect(await told(() => Promise.reject(new Error("out of memory")))).toBe(
    "the loss is not a number at step 1 of epoch 1, with a learning rate of 0.1",
  );
});
