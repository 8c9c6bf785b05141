import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { InferenceSession, Tensor } from "../onnxruntime.ts";
import { type GoldenInput, readGoldenBatch } from "../golden-data/golden-input.ts";
import { goldenFolders, readGoldenJson } from "../golden-data/golden.ts";
import { readFloatNpy } from "../golden-data/npy.ts";
import { type ReferenceConfig, writeReferenceModel } from "./reference-model.ts";

interface AttentionCase extends ReferenceConfig {
  readonly id: string;
  readonly input_fdim: number;
  readonly weight_tag: string;
  readonly inputs: readonly GoldenInput[];
  readonly embedding: { readonly file: string; readonly shape: readonly number[] };
  readonly rollout: { readonly file: string; readonly shape: readonly number[] };
}

const [folder = ""] = goldenFolders;
const cases = (readGoldenJson(folder, "attention", "manifest.json") as readonly AttentionCase[]).map(
  (one) => [one.id, one] as const,
);

describe("what transformers' output_attentions and head give", () => {
  // Of tokens by the hundred each takes a hundredth: attention is compared far below that.
  test.each(cases)("%s: embedding within 1e-5, attention within 1e-7", async (_, one) => {
    const { inputs, input_tdim: frames, input_fdim: bins } = one;
    const path = writeReferenceModel({
      config: one,
      weightTag: one.weight_tag,
      outputs: ["embedding", "attention"],
    });
    const session = await InferenceSession.create(path);
    const features = new Tensor("float32", readGoldenBatch(inputs, [frames, bins], folder), [
      inputs.length,
      frames,
      bins,
    ]);
    const { embedding, attention } = await session.run({ input_values: features });
    await session.release();
    rmSync(dirname(path), { recursive: true });
    for (const [actual, { file, shape }, tolerance] of [
      [embedding, one.embedding, 1e-5],
      [attention, one.rollout, 1e-7],
    ] as const) {
      const expected = readFloatNpy(join(folder, "attention", file)).data;
      expect(actual?.dims).toStrictEqual(shape);
      const values = actual?.data as Float32Array;
      const differences = values.map((value, index) => Math.abs(value - (expected[index] ?? NaN)));
      expect(Math.max(...differences)).toBeLessThan(tolerance);
    }
  });
});
