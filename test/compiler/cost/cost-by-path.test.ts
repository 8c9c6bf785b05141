/** Which part of a spec costs what. */
import { expect, test } from "vitest";
import { costFor } from "../../../compiler/artifact/cost.ts";
import { lowerSpec } from "../../../compiler/lower/lower-spec.ts";
import { costByPath } from "../../../compiler/cost/cost-by-path.ts";
import { modelCost } from "../../../compiler/cost/model-cost.ts";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import { tiny } from "../tiny-model.ts";

const program = lowerSpec(
  normalizeSpec(tiny(), () => undefined, "spec.ts"),
  "waveform",
  () => undefined,
);
const extent = { batch: 3, samples: 5000 };
const costs = costByPath(program, extent);
const byPath = new Map(costs.map((cost) => [cost.path, cost]));

const block = (name: string): readonly string[] => [
  name,
  `${name}.residual1`,
  `${name}.residual1.layerNorm`,
  `${name}.residual1.attention`,
  `${name}.residual2`,
  `${name}.residual2.layerNorm`,
  `${name}.residual2.dense1`,
  `${name}.residual2.gelu`,
  `${name}.residual2.dense2`,
];

test("the parts are in the network's order, each after what holds it", () => {
  expect(costs.map(({ path }) => path)).toStrictEqual([
    "",
    "features",
    "patchEmbedding",
    "addTokens",
    "positionalEmbedding",
    "blocks",
    ...block("blocks.0"),
    ...block("blocks.1"),
    "layerNorm",
    "meanOfTokens",
    "dense",
    "objective",
    "optimizer",
  ]);
});

test("the whole is what the file tells of it", () => {
  const cost = modelCost(program);
  const whole = byPath.get("");
  const { peakBytes: _, ...inference } = costFor(cost, "inference", extent);
  expect(whole?.inference).toStrictEqual(inference);
  const { flops, activationBytes, largestTensorBytes } = costFor(cost, "training", extent);
  expect((whole?.gradients.flops ?? 0) + (whole?.update.flops ?? 0)).toBe(flops);
  expect((whole?.gradients.activationBytes ?? 0) + (whole?.update.activationBytes ?? 0)).toBe(activationBytes);
  expect(Math.max(whole?.gradients.largestTensorBytes ?? 0, whole?.update.largestTensorBytes ?? 0)).toBe(
    largestTensorBytes,
  );
});

test("a part costs what is in it: by hand, of 3 clips of 7 tokens of width 8", () => {
  // 2 x 3 patches and the class token; two operations for each multiplication and addition.
  const tokens = 3 * 7;
  const [dense1, dense2] = [2 * tokens * 8 * 16, 2 * tokens * 16 * 8];
  expect(byPath.get("blocks.0.residual2.dense1")?.inference).toStrictEqual({
    flops: dense1,
    activationBytes: 4 * tokens * 16,
    largestTensorBytes: 4 * tokens * 16,
  });
  const [norm, gelu, sum] = [8 * tokens * 8, 10 * tokens * 16, tokens * 8];
  expect(byPath.get("blocks.0.residual2")?.inference.flops).toBe(norm + dense1 + gelu + dense2 + sum);
  const [first, second, both] = ["blocks.0", "blocks.1", "blocks"].map(
    (path) => byPath.get(path)?.inference.flops ?? 0,
  );
  expect(both).toBe((first ?? 0) + (second ?? 0));
});
