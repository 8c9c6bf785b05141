/** The steps of the features beside AST's, against torchaudio's values; `golden/README.md` tells how these were made. */
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { absentSample } from "../../compiler/artifact/names.ts";
import { framesIn, samplesIn } from "../../compiler/artifact/frames.ts";
import { normalizeSpec } from "../../compiler/frontend/normalize-spec.ts";
import { framingOf, type NormalizedFeatures } from "../../compiler/ir/normalized-spec.ts";
import { createBuilder } from "../../compiler/ops/builder.ts";
import { lowerFeatures } from "../../compiler/lower/features/lower-features.ts";
import { anyLength, type FeatureStep, padOrCut, waveform as input } from "../../spec/dsl/index.ts";
import { runGraph } from "../compiler/run-graph.ts";
import { tiny } from "../compiler/tiny-model.ts";
import { generateTensor } from "../golden-data/deterministic-tensor.ts";
import { committedGoldens, readGoldenJson } from "../golden-data/golden.ts";
import { readFloatNpy } from "../golden-data/npy.ts";
import { InferenceSession, Tensor } from "../onnxruntime.ts";
import { holdSoftwareGpu } from "../hold-software-gpu.ts";
import { softwareGpu } from "../software-gpu.ts";

beforeAll(holdSoftwareGpu);
const webgpu = { executionProviders: ["webgpu"], extra: { session: { disable_cpu_ep_fallback: "1" } } };

type GoldenClip =
  | { readonly kind: "noise"; readonly key: string; readonly samples: number; readonly scale: number }
  | { readonly kind: "zeros"; readonly samples: number }
  | {
      readonly kind: "sine";
      readonly samples: number;
      readonly scale: number;
      readonly hz: number;
      readonly sampleRateHz: number;
    };

interface GoldenCase {
  readonly id: string;
  readonly sampleRateHz: number;
  readonly clip: GoldenClip;
  /** As builders of the vocabulary give them; how many frames are kept is for each test to say. */
  readonly features: readonly FeatureStep[];
  readonly frames: number;
  readonly file: string;
  readonly row_stride: number;
  readonly f32_vs_f64: number;
}

const { cases } = readGoldenJson(committedGoldens, "spectrograms", "manifest.json") as {
  readonly cases: readonly GoldenCase[];
};

const clipOf = (clip: GoldenClip): Float32Array => {
  switch (clip.kind) {
    case "noise":
      return generateTensor(clip.key, clip.samples, clip.scale);
    case "zeros":
      return new Float32Array(clip.samples);
    case "sine":
      return Float32Array.from(
        { length: clip.samples },
        (_, n) => clip.scale * Math.sin((2 * Math.PI * clip.hz * n) / clip.sampleRateHz),
      );
  }
};

const lengthBefore = (steps: readonly FeatureStep[], length: FeatureStep): readonly FeatureStep[] => {
  const [last] = steps.slice(-1);
  return last?.kind === "normalize" ? [...steps.slice(0, -1), length, last] : [...steps, length];
};

const settle = ({ features, sampleRateHz }: GoldenCase, length: FeatureStep): NormalizedFeatures =>
  normalizeSpec(
    tiny({ input: input({ sampleRateHz }), features: [...lengthBefore(features, length)], network: tiny().network }),
    () => undefined,
    "spec.ts",
  ).features;

const graphOf = (features: NormalizedFeatures, sampleRateHz: number) => {
  const b = createBuilder();
  const waveform = b.input("waveform", { dtype: "float32", shape: ["batch", "samples"] });
  const { values, ownFrames } = lowerFeatures(b, waveform, features, sampleRateHz);
  return b.finish(ownFrames ? [values, ownFrames] : [values]);
};

/** Shorter clips filled up with absent samples. */
const feed = (clips: readonly Float32Array[]): Record<string, Tensor> => {
  const length = Math.max(...clips.map((clip) => clip.length));
  const batch = new Float32Array(clips.length * length).fill(absentSample);
  clips.forEach((clip, index) => batch.set(clip, index * length));
  return { waveform: new Tensor("float32", batch, [clips.length, length]) };
};

const run = async (
  clips: readonly Float32Array[],
  features: NormalizedFeatures,
  sampleRateHz: number,
  options: InferenceSession.SessionOptions = {},
): Promise<Float32Array> => {
  const [result] = await runGraph(graphOf(features, sampleRateHz), feed(clips), undefined, options);
  return result?.data as Float32Array;
};

const worst = (actual: ArrayLike<number>, expected: ArrayLike<number>): number => {
  expect(actual).toHaveLength(expected.length);
  return Array.from(actual).reduce((most, value, index) => {
    const error = Math.abs(value - (expected[index] ?? NaN));
    return error <= most ? most : error;
  }, 0);
};

/** A transform as a matrix product rounds somewhat more than torch's fast one. */
const toleranceOf = ({ f32_vs_f64: noise }: GoldenCase): number => 5 * noise + 2e-5;

const expectedOf = ({ file }: GoldenCase) => readFloatNpy(join(committedGoldens, "spectrograms", file)).data;

/** As many frames as the golden has, and more: patches of the tiny network's are 8 wide. */
const room = ({ frames }: GoldenCase): number => Math.max(8, frames + 3);

const storedRows = (values: Float32Array, { row_stride: stride, frames }: GoldenCase, bins: number): Float32Array =>
  values.filter((_, index) => index < frames * bins && Math.floor(index / bins) % stride === 0);

describe("torchaudio's values", () => {
  test.each(cases.map((golden) => [golden.id, golden] as const))("%s", async (_, golden) => {
    const features = settle(golden, padOrCut({ frames: room(golden) }));
    const clip = clipOf(golden.clip);
    expect(framesIn(clip.length, framingOf(features))).toBe(golden.frames);
    const actual = await run([clip], features, golden.sampleRateHz);
    expect(worst(storedRows(actual, golden, features.bins), expectedOf(golden))).toBeLessThan(toleranceOf(golden));
    const padding = features.perClip ? 0 : -features.mean * features.scale;
    const rest = actual.subarray(golden.frames * features.bins);
    expect(rest).toHaveLength((room(golden) - golden.frames) * features.bins);
    expect(Math.max(...rest.map((value) => Math.abs(value - padding)))).toBeLessThan(1e-6);
  });

  /** What is taken over a clip is over the frames that it is cut to. */
  const isLocal = ({ features }: GoldenCase): boolean => !features.some((step) => "topDb" in step || "per" in step);
  test.each(cases.filter(isLocal).map((golden) => [golden.id, golden] as const))("%s, cut", async (_, golden) => {
    const { sampleRateHz } = golden;
    const clip = clipOf(golden.clip);
    const all = await run([clip], settle(golden, padOrCut({ frames: room(golden) })), sampleRateHz);
    const some = await run([clip], settle(golden, padOrCut({ frames: 8 })), sampleRateHz);
    expect(worst(some, all.subarray(0, some.length))).toBeLessThan(1e-5);
  });

  test.each(cases.map((golden) => [golden.id, golden] as const))(
    "%s: a clip that is cut to what its frames take is heard as the whole",
    async (_, golden) => {
      const features = settle(golden, padOrCut({ frames: 8 }));
      const clip = generateTensor("long", 20_000, 0.3);
      const heard = clip.subarray(0, samplesIn(8, framingOf(features)));
      const [whole, part] = [
        await run([clip], features, golden.sampleRateHz),
        await run([heard], features, golden.sampleRateHz),
      ];
      expect(worst(part, whole)).toBeLessThan(1e-5);
    },
  );
});

const others = (golden: GoldenCase): readonly Float32Array[] => {
  const { samples } = golden.clip;
  return [
    clipOf(golden.clip),
    generateTensor("other/long", 2 * samples + 77, 0.7),
    generateTensor("other/odd", Math.max(1100, Math.floor(samples / 2)), 0.01),
  ];
};

describe("clips of one batch", () => {
  test.each(cases.map((golden) => [golden.id, golden] as const))("%s: as each alone", async (_, golden) => {
    const features = settle(golden, padOrCut({ frames: 2 * room(golden) }));
    const size = features.frames * features.bins;
    const clips = others(golden);
    const together = await run(clips, features, golden.sampleRateHz);
    for (const [index, clip] of clips.entries()) {
      const alone = await run([clip], features, golden.sampleRateHz);
      expect(worst(together.subarray(index * size, (index + 1) * size), alone)).toBeLessThan(2e-5);
    }
  });

  test.each(cases.map((golden) => [golden.id, golden] as const))("%s: of any length", async (_, golden) => {
    const most = 2 * room(golden);
    const features = settle(golden, anyLength({ frames: room(golden), least: 8, most }));
    const fixed = settle(golden, padOrCut({ frames: most }));
    const clips = others(golden);
    const [values, own] = await runGraph(graphOf(features, golden.sampleRateHz), feed(clips));
    const lengths = clips.map((clip) => Math.min(most, Math.max(8, framesIn(clip.length, framingOf(features)))));
    expect(Array.from(own?.data as Float32Array)).toStrictEqual(lengths);
    const frames = Math.max(...lengths);
    expect(values?.dims).toStrictEqual([clips.length, frames, features.bins]);
    const all = values?.data as Float32Array;
    const expected = await run(clips, fixed, golden.sampleRateHz);
    for (const [index, length] of lengths.entries()) {
      const start = index * frames * features.bins;
      const ours = all.subarray(start, start + length * features.bins);
      const theirs = expected.subarray(index * most * features.bins);
      expect(worst(ours, theirs.subarray(0, length * features.bins))).toBeLessThan(1e-5);
    }
  });

  test("a clip that is too short to be reflected has no frame, and gives no not-a-number", async () => {
    for (const golden of cases) {
      const features = settle(golden, padOrCut({ frames: 8 }));
      const { minSamples } = framingOf(features);
      const [short, least] = [minSamples - 1, minSamples].map((length) => generateTensor("short", length, 0.3));
      const values = await run(
        [short, new Float32Array(), least].filter((each) => each !== undefined),
        features,
        golden.sampleRateHz,
      );
      const size = features.frames * features.bins;
      const padding = features.perClip ? 0 : -features.mean * features.scale;
      expect(values.every(Number.isFinite)).toBe(true);
      expect(Math.max(...values.subarray(0, 2 * size).map((value) => Math.abs(value - padding)))).toBeLessThan(1e-6);
      expect(
        worst(values.subarray(2 * size), await run([least ?? new Float32Array()], features, golden.sampleRateHz)),
      ).toBeLessThan(2e-5);
    }
  });
});

describe.skipIf(softwareGpu === undefined)("on WebGPU", () => {
  test.each(cases.map((golden) => [golden.id, golden] as const))("%s", async (_, golden) => {
    const features = settle(golden, padOrCut({ frames: room(golden) }));
    const clips = [clipOf(golden.clip)];
    const gpu = await run(clips, features, golden.sampleRateHz, webgpu);
    const cpu = await run(clips, features, golden.sampleRateHz);
    expect(worst(gpu, cpu)).toBeLessThan(toleranceOf(golden) + 1e-3);
  });
});
