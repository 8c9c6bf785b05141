import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { normalizeSpec } from "../../../../compiler/frontend/normalize-spec.ts";
import { featureWarnings } from "../../../../compiler/lower/features/feature-warnings.ts";
import {
  emptyFilters,
  melMatrix,
  paddedLength,
  spectrumMatrix,
  windowFunction,
} from "../../../../compiler/lower/features/mel-filters.ts";
import { committedGoldens } from "../../../golden-data/golden.ts";
import { readFloatNpy } from "../../../golden-data/npy.ts";
import { referenceFbank } from "../../../golden-data/reference-features.ts";
import { log, melSpectrogram, padOrCut } from "../../../../spec/dsl/index.ts";
import { tiny } from "../../tiny-model.ts";

const golden = (file: string) => readFloatNpy(join(committedGoldens, "common", file));

/** The largest difference of two lists. */
const worst = (actual: ArrayLike<number>, expected: ArrayLike<number>): number => {
  expect(actual).toHaveLength(expected.length);
  return Math.max(...Array.from(actual, (value, index) => Math.abs(value - (expected[index] ?? NaN))));
};

describe("the reference's tables", () => {
  test("its mel filters, of which the fourth is empty", () => {
    const { data } = golden("melbank_128x256.npy");
    const matrix = melMatrix({ bins: 128, half: 256, sampleRateHz: 16_000, lowHz: 20, highHz: 8000 });
    const byBin = Array.from(
      { length: 128 * 256 },
      (_, index) => matrix[(index % 256) * 128 + Math.floor(index / 256)] ?? NaN,
    );
    // The reference computes its filters in float32.
    expect(worst(byBin, data)).toBeLessThan(1e-4);
    expect(byBin.filter((weight) => weight > 0)).toHaveLength(504);
    expect(byBin.slice(3 * 256, 4 * 256).every((weight) => weight === 0)).toBe(true);
  });

  test("its window", () => {
    expect(worst(windowFunction("hanning", 400), golden("hann400_symmetric.npy").data)).toBeLessThan(3e-7);
  });
});

describe("windows are symmetric", () => {
  test.each([
    ["rectangular", 1, 1],
    ["hanning", 0, 1],
    ["hamming", 0.08, 1],
    ["povey", 0, 1],
    ["blackman", 0, 1],
  ] as const)("%s: from %d to %d", (name, edge, centre) => {
    const window = windowFunction(name, 25);
    expect(window[0]).toBeCloseTo(edge, 12);
    expect(window[12]).toBeCloseTo(centre, 12);
    expect(worst(window, window.toReversed())).toBeLessThan(1e-14);
  });

  test("povey is a power of hanning", () => {
    const hanning = windowFunction("hanning", 25).map((value) => value ** 0.85);
    expect(worst(windowFunction("povey", 25), hanning)).toBeLessThan(1e-14);
  });
});

describe("filters that weigh nothing", () => {
  const warningsOf = (bins: number, fftSamples: number, melScale: "htk" | "slaney" = "htk"): readonly string[] => {
    const features = [
      melSpectrogram({ bins, fftSamples, hopSamples: 160, melScale }),
      log({ floor: 1e-10 }),
      padOrCut({ frames: 24 }),
    ];
    return featureWarnings(normalizeSpec(tiny({ features }), () => undefined, "spec.ts"));
  };

  test("are told, as torchaudio warns of them", () => {
    expect(warningsOf(64, 512)).toStrictEqual([]);
    expect(warningsOf(128, 512)).toStrictEqual([
      "1 of the 128 filters of melSpectrogram weighs no frequency of its transform, so that bin 0, counted from 0, is silent whatever is heard; take fewer bins, or more fftSamples than 512",
    ]);
    expect(warningsOf(160, 512)).toStrictEqual([
      "4 of the 160 filters of melSpectrogram weigh no frequency of its transform, so that bins 0, 3, 6, 13, counted from 0, are silent whatever is heard; take fewer bins, or more fftSamples than 512",
    ]);
    expect(warningsOf(80, 512, "slaney")).toStrictEqual([]);
  });

  test("are the reference's own in Kaldi's bank", () => {
    expect(featureWarnings({ features: referenceFbank, sampleRateHz: 16_000 })).toStrictEqual([]);
    expect(emptyFilters(referenceFbank, 16_000)).toStrictEqual([3]);
  });
});

test("frames are padded to a power of two", () => {
  expect([2, 3, 400, 512, 513, 1102].map(paddedLength)).toStrictEqual([2, 4, 512, 512, 1024, 2048]);
});

test("the spectrum matrix emphasises, windows and transforms", () => {
  const window = windowFunction("hamming", 6);
  const frame = [1, -2, 3, 0.5, -1, 2];
  const emphasised = frame.map((sample, n) => (sample - 0.9 * (frame[Math.max(0, n - 1)] ?? NaN)) * (window[n] ?? NaN));
  const matrix = spectrumMatrix(window, 0.9);
  const column = (index: number): number =>
    frame.reduce((sum, sample, n) => sum + sample * (matrix[n * 8 + index] ?? NaN), 0);
  for (let frequency = 0; frequency < 4; frequency++) {
    const angle = (n: number): number => (2 * Math.PI * frequency * n) / 8;
    const real = emphasised.reduce((sum, sample, n) => sum + sample * Math.cos(angle(n)), 0);
    const imaginary = emphasised.reduce((sum, sample, n) => sum - sample * Math.sin(angle(n)), 0);
    expect(column(frequency)).toBeCloseTo(real, 6);
    expect(column(4 + frequency)).toBeCloseTo(imaginary, 6);
  }
});
