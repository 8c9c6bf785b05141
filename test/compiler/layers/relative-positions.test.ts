/** Relative positions: PyTorch's gradients, T5's buckets, one table for all blocks, and what the runtime makes of such attention. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeOnnx } from "../../../compiler/artifact/onnx.ts";
import { bucketOf } from "../../../compiler/layers/relative-positions.ts";
import { countFused } from "../../../runtime/engine/fuse-attention.ts";
import {
  attention,
  bucketedPositions,
  dense,
  type Layers,
  meanOfPatches,
  patchEmbedding,
  relativePositions,
  residual,
} from "../../../spec/dsl/index.ts";
import { committedGoldens, readGoldenJson } from "../../golden-data/golden.ts";
import { compileTiny } from "../../runtime/engine/compile-tiny.ts";
import { errorOf, type GoldenGradients, runNetwork } from "./run-network.ts";

interface Golden {
  readonly cases: readonly GoldenGradients[];
  readonly bucketsByDistance: readonly {
    readonly buckets: number;
    readonly maxDistance: number;
    readonly from: readonly (readonly [distance: number, bucket: number])[];
  }[];
}

const golden = readGoldenJson(committedGoldens, "layers", "relative-positions.json") as Golden;

const patches = patchEmbedding({ patch: { bins: 4, frames: 4 }, stride: { bins: 4, frames: 4 }, width: 8 });
const head: Layers = [meanOfPatches(), dense("classes")];
const gated = residual(attention({ heads: 2, gated: true }));
const plain = residual(attention({ heads: 2 }));

const networks: Readonly<Record<string, Layers>> = {
  beats: [patches, bucketedPositions({ heads: 2, order: "timeFirst" }), gated, gated, head],
  t5: [patches, bucketedPositions({ heads: 2, buckets: 8, maxDistance: 16 }), plain, head],
  swin: [patches, relativePositions({ heads: 2 }), plain, head],
};

describe("loss and gradients are PyTorch's", () => {
  test.each(golden.cases)("$id", async (expected) => {
    const { found } = await runNetwork(networks[expected.id] ?? []);
    expect(errorOf(found, expected)).toBeLessThan(1e-5);
  });
});

test.each(golden.bucketsByDistance)("$buckets buckets up to $maxDistance", ({ buckets, maxDistance, from }) => {
  const layer = bucketedPositions({ heads: 1, buckets, maxDistance });
  const found = Array.from({ length: 3001 }, (_, index) => [index - 1500, bucketOf(index - 1500, layer)] as const);
  const changes = found.filter(([, bucket], index) => bucket !== found[index - 1]?.[1]);
  expect(changes).toStrictEqual(from);
});

test("attention with relative positions is not computed by the operator that knows none", () => {
  const network = (before: string, inside: string): string =>
    `network: [patchEmbedding({ patch: { bins: 4, frames: 8 }, stride: { bins: 4, frames: 8 }, width: 12 }), ${before}
      residual(${inside} attention({ heads: 2 })), residual(attention({ heads: 2 })), meanOfTokens(), dense("classes")]`;
  const fusedOf = (before: string, inside = ""): number =>
    countFused(
      decodeOnnx(readFileSync(compileTiny("optimizer: adam({ learningRate: 1e-3 })", network(before, inside)))),
    );
  expect(fusedOf("")).toBe(2);
  expect(fusedOf("relativePositions({ heads: 2 }),")).toBe(0);
  expect(fusedOf("bucketedPositions({ heads: 2 }),")).toBe(0);
  expect(fusedOf("", "bucketedPositions({ heads: 2 }),")).toBe(1);
});
