import { join } from "node:path";
import { Tensor } from "../onnxruntime.ts";
import { expect, test } from "vitest";
import { absentSample } from "../../compiler/artifact/names.ts";
import { createBuilder } from "../../compiler/ops/builder.ts";
import { lowerFeatures } from "../../compiler/lower/features/lower-features.ts";
import { mixup } from "../../compiler/lower/augmentations/mixup.ts";
import { runGraph } from "../compiler/run-graph.ts";
import { readGoldenJson, recordedGoldens } from "../golden-data/golden.ts";
import { readFloatNpy } from "../golden-data/npy.ts";
import { readReferenceWav, referenceFbank } from "../golden-data/reference-features.ts";

interface Mixture {
  readonly a: string;
  readonly b: string;
  readonly lambda: number;
  readonly file: string;
  readonly target_length: number;
  readonly row_stride: number;
}

const folder = join(recordedGoldens ?? "", "features");
const mixtures = recordedGoldens
  ? (readGoldenJson(folder, "manifest.json") as { mixup: readonly Mixture[] }).mixup
  : [];

const toTensor = (clip: Float32Array, samples: number): Tensor => {
  const data = new Float32Array(samples).fill(absentSample);
  data.set(clip);
  return new Tensor("float32", data, [1, samples]);
};

const expectReference = async (mixture: Mixture): Promise<void> => {
  const features = { ...referenceFbank, frames: mixture.target_length };
  const b = createBuilder();
  const waveform = b.input("waveform", { dtype: "float32", shape: ["batch", "samples"] });
  const targets = b.input("targets", { dtype: "float32", shape: ["batch", 2] });
  const mixed = mixup.lower(b, { signal: waveform, targets }, { kind: "mixup", rate: 0.5, alpha: 10 }, features);
  const graph = b.finish([lowerFeatures(b, mixed.signal, features, 16_000).values]);
  const [clip, partner] = [mixture.a, mixture.b].map((id) => readReferenceWav(join(folder, `${id}.wav`)));
  if (!clip || !partner) throw new Error("two clips are mixed");
  expect(clip.length).not.toBe(partner.length);
  const samples = Math.max(clip.length, partner.length);
  const [result] = await runGraph(graph, {
    waveform: toTensor(clip, samples),
    mixup: new Tensor("float32", Float32Array.of(1), [1]),
    mixup_waveform: toTensor(partner, samples),
    mixup_share: new Tensor("float32", Float32Array.of(mixture.lambda), [1]),
  });
  const values = result?.data as Float32Array;
  const rows = values.filter((_, index) => Math.floor(index / 128) % mixture.row_stride === 0);
  const expected = readFloatNpy(join(folder, mixture.file)).data;
  expect(rows).toHaveLength(expected.length);
  rows.forEach((value, index) => {
    const reference = expected[index] ?? NaN;
    // The reference's own float32 is that far from float64.
    expect(Math.abs(value - reference)).toBeLessThan(reference > -10 ? 2e-4 : 2.5e-3);
  });
};

test.skipIf(mixtures.length === 0)("features of recorded clips, mixed", async () => {
  expect(mixtures.length).toBeGreaterThan(0);
  for (const mixture of mixtures) await expectReference(mixture);
});
