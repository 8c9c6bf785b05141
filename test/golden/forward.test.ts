import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { InferenceSession, Tensor } from "../onnxruntime.ts";
import { describe, expect, test } from "vitest";
import { type GoldenInput, readGoldenBatch } from "../golden-data/golden-input.ts";
import { goldenFolders, readGoldenJson } from "../golden-data/golden.ts";
import { readFloatNpy } from "../golden-data/npy.ts";
import { type ReferenceConfig, writeReferenceModel } from "./reference-model.ts";

interface ForwardCase extends ReferenceConfig {
  readonly id: string;
  readonly input_fdim: number;
  readonly weight_tag: string;
  readonly weight_overrides_multiply_pow2: readonly (readonly [string, number])[];
  readonly inputs: readonly GoldenInput[];
  readonly logits: { readonly file: string };
}

const cases = goldenFolders.flatMap((folder) =>
  (readGoldenJson(folder, "forward", "manifest.json") as readonly ForwardCase[]).map(
    (forwardCase) =>
      [`${forwardCase.id}, ${forwardCase.inputs.length} inputs`, join(folder, "forward"), forwardCase] as const,
  ),
);

describe("logits of the reference", () => {
  test.each(cases)("%s: within 2e-5", async (_, folder, forwardCase) => {
    const { inputs, input_tdim: frames, input_fdim: bins } = forwardCase;
    const path = writeReferenceModel({
      config: forwardCase,
      weightTag: forwardCase.weight_tag,
      scales: forwardCase.weight_overrides_multiply_pow2,
    });
    const session = await InferenceSession.create(path);
    const features = new Tensor("float32", readGoldenBatch(inputs, [frames, bins], folder), [
      inputs.length,
      frames,
      bins,
    ]);
    const { logits } = await session.run({ input_values: features });
    await session.release();
    rmSync(dirname(path), { recursive: true });
    const expected = readFloatNpy(join(folder, forwardCase.logits.file)).data;
    const actual = logits?.data as Float32Array;
    expect(actual).toHaveLength(expected.length);
    expect(Math.max(...actual.map((value, index) => Math.abs(value - (expected[index] ?? NaN))))).toBeLessThan(2e-5);
  });
});
