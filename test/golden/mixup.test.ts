import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { absentSample } from "../../compiler/artifact.ts";
import { createBuilder } from "../../compiler/ir/builder.ts";
import { lowerFeatures } from "../../compiler/lower/lower-features.ts";
import { lowerMixup } from "../../compiler/lower/lower-mixup.ts";
import { runGraph } from "../compiler/run-graph.ts";
import { readGoldenJson, recordedGoldens } from "../golden-data/golden.ts";
import { readFloatNpy } from "../golden-data/npy.ts";

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

/** A mono WAV file's 16-bit samples / 32768, as the reference reads them. */
const readWav = (id: string): Float32Array => {
  const bytes = readFileSync(join(folder, `${id}.wav`));
  const start = bytes.indexOf("data", 0, "latin1") + 8;
  const length = bytes.readUInt32LE(start - 4) / 2;
  return Float32Array.from({ length }, (_, index) => bytes.readInt16LE(start + 2 * index) / 32_768);
};

const toTensor = (clip: Float32Array, samples: number): Tensor => {
  const data = new Float32Array(samples).fill(absentSample);
  data.set(clip);
  return new Tensor("float32", data, [1, samples]);
};

test.skipIf(mixtures.length === 0).each(mixtures)("features of $a mixed with $b", async (mixture) => {
  const features = {
    removeMean: true,
    bins: 128,
    frameLengthSamples: 400,
    frameShiftSamples: 160,
    window: "hanning",
    lowHz: 20,
    highHz: 8000,
    preemphasis: 0.97,
    frames: mixture.target_length,
    mean: 0,
    scale: 1,
  } as const;
  const b = createBuilder();
  const waveform = b.input("waveform", { dtype: "float32", shape: ["batch", "samples"] });
  const graph = b.finish([lowerFeatures(b, lowerMixup(b, waveform, features), features, 16_000)]);
  const [clip, partner] = [readWav(mixture.a), readWav(mixture.b)];
  expect(clip.length).not.toBe(partner.length);
  const samples = Math.max(clip.length, partner.length);
  const [result] = await runGraph(graph, {
    waveform: toTensor(clip, samples),
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
});
