import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createResampler, resample } from "../../../runtime/audio/resample.ts";

interface Manifest {
  readonly cases: readonly {
    readonly id: string;
    readonly orig: number;
    readonly new: number;
    readonly input: string;
    readonly output: string;
    readonly f32_vs_f64_max_abs: number;
  }[];
}

/** A one-dimensional float32 array in numpy's format, version 1. */
const readNpy = (path: string): Float32Array<ArrayBuffer> => {
  const bytes = readFileSync(path);
  return new Float32Array(Uint8Array.from(bytes.subarray(10 + bytes.readUInt16LE(8))).buffer);
};

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - (b[index] ?? Number.NaN))), 0);

/** The reference computes in float32: its own distance from float64, and one rounding of each side, is the tolerance. */
const testCases = (folder: string) => {
  const { cases } = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as Manifest;
  test.each(cases)("$id", (golden) => {
    const expected = readNpy(join(folder, golden.output));
    const actual = resample(readNpy(join(folder, golden.input)), { fromHz: golden.orig, toHz: golden.new });
    expect(actual).toHaveLength(expected.length);
    expect(largestDifference(actual, expected)).toBeLessThanOrEqual(golden.f32_vs_f64_max_abs + 2 ** -24);
  });
};

describe("equals torchaudio on generated signals", () => {
  testCases(fileURLToPath(new URL("../../../golden/resample", import.meta.url)));
});

const recorded = join(process.env["AST_DATA"] ?? "", "..", "golden", "public", "resample");
describe.skipIf(!process.env["AST_DATA"] || !existsSync(recorded))("equals torchaudio on recordings", () => {
  if (existsSync(join(recorded, "manifest.json"))) testCases(recorded);
});

describe("any pair of rates", () => {
  const sine = (rateHz: number, samples: number) =>
    Float32Array.from({ length: samples }, (_, index) => Math.sin((2 * Math.PI * 440 * index) / rateHz));

  test.each([
    [8000, 16_000],
    [11_025, 16_000],
    [44_101, 16_000],
    [192_000, 16_000],
    [16_000, 22_050],
  ])("%d Hz to %d Hz keeps a sine", (fromHz, toHz) => {
    const resampled = resample(sine(fromHz, fromHz / 5), { fromHz, toHz });
    const expected = sine(toHz, resampled.length);
    const edge = Math.ceil(toHz / 500); // where the filter reaches beyond the clip
    expect(largestDifference(resampled.subarray(edge, -edge), expected.subarray(edge, -edge))).toBeLessThan(2e-3);
  });

  test.each([
    { samples: 0, expected: 0 },
    { samples: 1, expected: 1 },
    { samples: 3, expected: 2 },
    { samples: 441, expected: 160 },
    { samples: 442, expected: 161 },
  ])("$samples samples at 44.1 kHz give $expected at 16 kHz", ({ samples, expected }) => {
    expect(resample(new Float32Array(samples), { fromHz: 44_100, toHz: 16_000 })).toHaveLength(expected);
  });

  test("equal rates give the samples themselves", () => {
    const samples = sine(16_000, 10);
    expect(resample(samples, { fromHz: 16_000, toHz: 16_000 })).toBe(samples);
  });
});

describe("in blocks", () => {
  /** Numbers in [0, 1), the same each time. */
  const seeded = (seed: number) => {
    let state = seed;
    return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  };

  /** @param blockSize of the next block */
  const inBlocks = (samples: Float32Array, rates: { fromHz: number; toHz: number }, blockSize: () => number) => {
    const resampler = createResampler(rates);
    const pieces: number[] = [];
    for (let offset = 0; offset < samples.length;) {
      const block = samples.subarray(offset, offset + blockSize());
      pieces.push(...resampler.push(block));
      offset += block.length;
    }
    pieces.push(...resampler.end());
    return Float32Array.from(pieces);
  };

  test.each(Array.from({ length: 40 }, (_, index) => index + 1))(
    "any rates, lengths and blocks give the whole's samples bit for bit: case %d",
    (seed) => {
      const random = seeded(seed * 7919);
      const common = [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000];
      const rate = () =>
        random() < 0.7 ? (common[Math.floor(random() * common.length)] ?? 0) : 1000 + Math.floor(random() * 47_000);
      const rates = { fromHz: rate(), toHz: rate() };
      for (const length of [0, 1, 2, 1 + Math.floor(random() * 100), 3000 + Math.floor(random() * 3000)]) {
        const samples = Float32Array.from({ length }, () => 2 * random() - 1);
        const whole = resample(samples, rates);
        const most = 10 ** (4 * random());
        expect(inBlocks(samples, rates, () => 1 + Math.floor(random() * most))).toEqual(whole);
        expect(inBlocks(samples, rates, () => 1)).toEqual(whole);
      }
    },
  );

  test("nothing is held back that could be given: after a second in, less than the filter's width is missing", () => {
    const resampler = createResampler({ fromHz: 44_100, toHz: 16_000 });
    expect(resampler.push(new Float32Array(44_100)).length).toBeGreaterThan(16_000 - 8);
    expect(resampler.push(new Float32Array(44_100)).length).toBe(16_000);
  });

  test("empty blocks change nothing", () => {
    const resampler = createResampler({ fromHz: 8000, toHz: 16_000 });
    expect(resampler.push(new Float32Array())).toHaveLength(0);
    expect(resampler.end()).toHaveLength(0);
  });
});
