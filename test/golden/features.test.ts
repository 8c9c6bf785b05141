import { join } from "node:path";
import { Tensor } from "../onnxruntime.ts";
import { describe, expect, test } from "vitest";
import { absentSample } from "../../compiler/artifact/names.ts";
import type { NormalizedFeatures } from "../../compiler/ir/normalized-spec.ts";
import { createBuilder } from "../../compiler/ops/builder.ts";
import { lowerFeatures } from "../../compiler/lower/features/lower-features.ts";
import { runGraph } from "../compiler/run-graph.ts";
import { generateTensor } from "../golden-data/deterministic-tensor.ts";
import { generatedClip, type GeneratedClipId } from "../golden-data/generated-clip.ts";
import { committedGoldens, readGoldenJson, recordedGoldens } from "../golden-data/golden.ts";
import { readFloatNpy } from "../golden-data/npy.ts";
import { readReferenceWav, referenceFbank } from "../golden-data/reference-features.ts";
import { features64 } from "./kaldi-fbank.ts";

interface StoredRows {
  readonly file: string;
  /** Every so many rows are stored. */
  readonly row_stride: number;
}

interface GoldenClip {
  readonly id: string;
  readonly frames: number;
  readonly fbank: StoredRows;
  readonly norm: StoredRows & { readonly target_length: number };
  readonly f32_vs_f64: { readonly max_abs: number; readonly max_abs_where_fbank_gt_m10: number | null };
}

type Statistics = readonly [mean: number, std: number];

interface Manifest {
  readonly clips: readonly GoldenClip[];
  readonly stats: Readonly<Record<string, Statistics>>;
  readonly norm_other?: readonly (StoredRows & {
    readonly clip: string;
    readonly stats: string;
    readonly target_length: number;
  })[];
}

const normalized = ([mean, std]: Statistics, frames: number): NormalizedFeatures => ({
  ...referenceFbank,
  frames,
  mean,
  scale: 0.5 / std,
});

/** Features [clips, frames, bins] of a batch, shorter clips filled up with absent samples. */
const runFeatures = async (
  clips: readonly Float32Array[],
  features: NormalizedFeatures,
  sampleRateHz = 16_000,
): Promise<Float32Array> => {
  const b = createBuilder();
  const waveform = b.input("waveform", { dtype: "float32", shape: ["batch", "samples"] });
  const graph = b.finish([lowerFeatures(b, waveform, features, sampleRateHz).values]);
  const length = Math.max(...clips.map((clip) => clip.length));
  const batch = new Float32Array(clips.length * length).fill(absentSample);
  clips.forEach((clip, index) => batch.set(clip, index * length));
  const [result] = await runGraph(graph, { waveform: new Tensor("float32", batch, [clips.length, length]) });
  expect(result?.dims).toStrictEqual([clips.length, features.frames, features.bins]);
  return result?.data as Float32Array;
};

const everyRow = (values: Float32Array, stride: number, bins: number): Float32Array =>
  values.filter((_, index) => Math.floor(index / bins) % stride === 0);

/** The largest |actual - expected| where `isCounted` says so. */
const worst = (
  actual: Float32Array,
  expected: Float32Array | Float64Array,
  isCounted: (expected: number) => boolean = () => true,
): number => {
  expect(actual).toHaveLength(expected.length);
  return actual.reduce((most, value, index) => {
    const reference = expected[index] ?? NaN;
    if (!isCounted(reference)) return most;
    const error = Math.abs(value - reference);
    return error <= most ? most : error;
  }, 0);
};

const folders = [
  { name: "committed", folder: committedGoldens, read: (id: string) => generatedClip(id as GeneratedClipId) },
  ...(recordedGoldens
    ? [
        {
          name: "recorded",
          folder: recordedGoldens,
          read: (id: string) => readReferenceWav(join(recordedGoldens ?? "", "features", `${id}.wav`)),
        },
      ]
    : []),
].map((source) => ({ ...source, manifest: readGoldenJson(source.folder, "features", "manifest.json") as Manifest }));

const cases = folders.flatMap(({ name, folder, read, manifest }) =>
  manifest.clips.map((clip) => [`${name} ${clip.id}`, folder, read(clip.id), clip, manifest] as const),
);

/** The reference's logarithms of nearly nothing are its rounding; its authors' own float32 is that far from float64. */
const isLoud = (logMel: number): boolean => logMel > -10;
const loudTolerance = 2e-4;
const quietTolerance = 2.5e-3;

describe("log-mel features of the reference", () => {
  test.each(cases)("%s: not normalised", async (_, folder, samples, { frames, fbank: stored, f32_vs_f64: noise }) => {
    const features = { ...referenceFbank, frames };
    const actual = await runFeatures([samples], features);
    const expected = readFloatNpy(join(folder, "features", stored.file)).data;
    const rows = everyRow(actual, stored.row_stride, features.bins);
    expect(worst(rows, expected, isLoud)).toBeLessThan(loudTolerance);
    expect(worst(rows, expected)).toBeLessThan(quietTolerance);

    const exact = features64(samples, features, 16_000);
    // A transform as a matrix product rounds somewhat more than the reference's fast one, in nearly silent bins.
    expect(worst(actual, exact)).toBeLessThan(2.5 * Math.max(noise.max_abs, 1e-6));
  });

  test.each(cases)("%s: padded or cut, normalised", async (_, folder, samples, { norm }, { stats }) => {
    const features = normalized(stats["audioset"] ?? [NaN, NaN], norm.target_length);
    const actual = everyRow(await runFeatures([samples], features), norm.row_stride, features.bins);
    const expected = readFloatNpy(join(folder, "features", norm.file)).data;
    expect(worst(actual, expected)).toBeLessThan(quietTolerance * features.scale);
  });

  const others = folders.flatMap(({ folder, read, manifest }) =>
    (manifest.norm_other ?? []).map(
      (other) => [`${other.clip}, ${other.stats}`, folder, read, other, manifest] as const,
    ),
  );
  test.skipIf(others.length === 0).each(others)("%s: other statistics", async (_, folder, read, other, { stats }) => {
    const features = normalized(stats[other.stats] ?? [NaN, NaN], other.target_length);
    const actual = await runFeatures([read(other.clip)], features);
    const expected = readFloatNpy(join(folder, "features", other.file)).data;
    expect(worst(everyRow(actual, other.row_stride, 128), expected)).toBeLessThan(quietTolerance * features.scale);
  });
});

const noise = (key: string, samples: number, scale = 0.3, offset = 0): Float32Array =>
  generateTensor(`features/${key}`, samples, scale, offset);

describe("batches", () => {
  test("clips of different length, filled up with absent samples, equal the single clips", async () => {
    const features = normalized([-4.2677393, 4.5689974], 96);
    const clips = [noise("a", 16_000), noise("b", 9001, 0.1, 0.4), noise("c", 400), noise("d", 15_999, 0.01)];
    const together = await runFeatures(clips, features);
    const size = features.frames * features.bins;
    for (const [index, clip] of clips.entries()) {
      const alone = await runFeatures([clip], features);
      // Sums over more samples are ordered otherwise, so means may differ in their last digit.
      expect(worst(together.subarray(index * size, (index + 1) * size), alone)).toBeLessThan(1e-6);
    }
  });

  test("a clip without a whole frame is padding only", async () => {
    const features = normalized([-4.2677393, 4.5689974], 4);
    const padding = Math.fround(4.2677393 * features.scale);
    const short = await runFeatures([noise("short", 399), noise("long", 800)], features);
    expect(Math.max(...short.subarray(0, 4 * 128).map((value) => Math.abs(value - padding)))).toBeLessThan(1e-7);
    expect(short.every(Number.isFinite)).toBe(true);
  });

  test("a clip of which no sample is present gives no not-a-number", async () => {
    const values = await runFeatures([new Float32Array(), noise("long", 800)], { ...referenceFbank, frames: 4 });
    expect(values.every(Number.isFinite)).toBe(true);
  });
});

describe("lengths", () => {
  test.each([
    ["exactly one frame", 400, 3],
    ["a sample less than two frames", 559, 3],
    ["two frames", 560, 3],
    ["exactly the graph's frames", 400 + 160 * 9, 10],
    ["a sample more", 401 + 160 * 9, 10],
    ["longer than the graph's frames", 20_000, 10],
  ])("%s", async (_, samples, frames) => {
    const features = normalized([-4, 4], frames);
    const clip = noise(`length ${samples}`, samples, 0.3, 0.1);
    expect(worst(await runFeatures([clip], features), features64(clip, features, 16_000))).toBeLessThan(1e-5);
  });
});

/** Milliseconds as samples, as the spec's front end counts them. */
const geometries: readonly (readonly [string, number, Partial<NormalizedFeatures>])[] = [
  ["8 kHz, 20 ms every 7.5 ms", 8000, { frameLengthSamples: 160, frameShiftSamples: 60, highHz: 4000 }],
  ["frames shorter than their distance", 16_000, { frameLengthSamples: 200, frameShiftSamples: 320 }],
  ["frames side by side", 16_000, { frameLengthSamples: 256, frameShiftSamples: 256 }],
  ["frames of many hops", 16_000, { frameLengthSamples: 512, frameShiftSamples: 37 }],
  ["44.1 kHz", 44_100, { frameLengthSamples: 1102, frameShiftSamples: 441, highHz: 22_050 }],
  ["povey window, 40 bins", 16_000, { window: "povey", bins: 40 }],
  ["hamming window, no pre-emphasis", 16_000, { window: "hamming", preemphasis: 0 }],
  ["blackman window, 64 bins from 125 to 7500 Hz", 16_000, { window: "blackman", bins: 64, lowHz: 125, highHz: 7500 }],
  ["rectangular window, the mean kept", 16_000, { window: "rectangular", removeMean: false }],
];

describe("other filter banks, against double precision", () => {
  test.each(geometries)("%s", async (name, sampleRateHz, changes) => {
    const features = { ...referenceFbank, frames: 50, mean: -5, scale: 0.1, ...changes };
    const clip = noise(name, Math.round(sampleRateHz * 0.45), 0.3, 0.05);
    const actual = await runFeatures([clip], features, sampleRateHz);
    expect(worst(actual, features64(clip, features, sampleRateHz))).toBeLessThan(2e-5);
  });
});
