import { type InferenceSession, Tensor } from "../../../onnxruntime.ts";
import { describe, expect, test } from "vitest";
import type { NormalizedFeatures } from "../../../../compiler/ir/normalized-spec.ts";
import { createBuilder } from "../../../../compiler/ops/builder.ts";
import { augmentationRow } from "../../../../compiler/lower/augmentations/augmentations.ts";
import { type Augmentation, maskFrequency, maskTime, noise, roll } from "../../../../spec/dsl/index.ts";
import { generateTensor } from "../../../golden-data/deterministic-tensor.ts";
import { committedGoldens, readGoldenJson } from "../../../golden-data/golden.ts";
import { softwareGpu } from "../../../software-gpu.ts";
import { runGraph } from "../../run-graph.ts";

if (softwareGpu !== undefined) process.env["VK_DRIVER_FILES"] = softwareGpu;
const webgpu = { executionProviders: ["webgpu"], extra: { session: { disable_cpu_ep_fallback: "1" } } };

const [mean, scale] = [-4.2677393, 0.5 / 4.5689974];

const augment = async (
  steps: readonly Augmentation[],
  size: readonly [batch: number, frames: number, bins: number],
  inputs: Readonly<Record<string, Tensor>>,
  options: InferenceSession.SessionOptions = {},
) => {
  const [, frames, bins] = size;
  const b = createBuilder();
  const features = b.input("features", { dtype: "float32", shape: ["batch", frames, bins] });
  const targets = b.input("targets", { dtype: "float32", shape: ["batch", 2] });
  const report = {
    add: (_: string, message: string) => {
      throw new Error(message);
    },
  };
  const settings = { mean, scale, frames, bins } as NormalizedFeatures;
  const { signal } = steps.reduce(
    (batch, step) => {
      const row = augmentationRow(step);
      return row.lower(b, batch, row.settle(step, settings, report), settings);
    },
    { signal: features, targets },
  );
  const values = generateTensor("augment", size[0] * frames * bins, 1, 2);
  const [result] = await runGraph(
    b.finish([signal]),
    {
      features: new Tensor("float32", values, size),
      ...inputs,
    },
    undefined,
    options,
  );
  return { values, result: result?.data as Float32Array };
};

const floats = (values: readonly number[], ...dims: readonly number[]): Tensor =>
  new Tensor("float32", Float32Array.from(values), dims);

interface Mask {
  readonly axis: "freq" | "time";
  readonly mask_param: number;
  readonly size: number;
  readonly start: number;
  readonly end: number;
}
const { rows } = readGoldenJson(committedGoldens, "features", "specaug-masks.json") as { rows: readonly Mask[] };

test("masks of the reference are zeros before normalisation, from start to end", async () => {
  for (const axis of ["freq", "time"] as const) {
    for (const length of new Set(rows.filter((row) => row.axis === axis).map(({ size }) => size))) {
      const masks = rows.filter((row) => row.axis === axis && row.size === length);
      const [frames, bins] = axis === "freq" ? [3, length] : [length, 3];
      const input = floats(
        masks.flatMap(({ start, end }) => [start, end]),
        masks.length,
        2,
      );
      const step = axis === "freq" ? maskFrequency({ bins: length }) : maskTime({ frames: length });
      const name = axis === "freq" ? "frequency_mask" : "time_mask";
      const { values, result } = await augment([step], [masks.length, frames, bins], { [name]: input });
      const padding = Math.fround(-mean * scale);
      const expected = values.map((value, index) => {
        const { start, end } = masks[Math.floor(index / (frames * bins))] as Mask;
        const place = axis === "freq" ? index % bins : Math.floor(index / bins) % frames;
        return place >= start && place < end ? padding : value;
      });
      expect(result).toStrictEqual(expected);
      expect(result).not.toStrictEqual(values);
    }
  }
});

test("a mask without width changes nothing", async () => {
  const inputs = { frequency_mask: floats([3, 3], 1, 2), time_mask: floats([0, 0], 1, 2) };
  const { values, result } = await augment([maskFrequency({ bins: 4 }), maskTime({ frames: 4 })], [1, 5, 7], inputs);
  expect(result).toStrictEqual(values);
});

test("noise by its level", async () => {
  const [frames, bins] = [4, 2];
  const size = frames * bins;
  const drawn = generateTensor("noise", 2 * size, 0.5, 0.5);
  const { values, result } = await augment([noise()], [2, frames, bins], {
    noise: new Tensor("float32", drawn, [2, frames, bins]),
    noise_level: floats([0.1, 0.05], 2),
  });
  result.forEach((value, index) =>
    expect(value).toBeCloseTo((values[index] ?? NaN) + (drawn[index] ?? NaN) * (index < size ? 0.1 : 0.05), 6),
  );
});

describe("a roll, as torch.roll along the frames, of each clip on its own", () => {
  const bins = 2;
  const expectShifted = async (frames: number, shifts: readonly number[], options = {}) => {
    const { values, result } = await augment(
      [roll()],
      [shifts.length, frames, bins],
      { roll: floats(shifts, shifts.length) },
      options,
    );
    const expected = values.map((_, index) => {
      const [clip, frame] = [Math.floor(index / (frames * bins)), Math.floor(index / bins) % frames];
      const source = (((frame - (shifts[clip] ?? NaN)) % frames) + frames) % frames;
      return values[(clip * frames + source) * bins + (index % bins)] ?? NaN;
    });
    expect(result).toStrictEqual(expected);
  };
  // One, several and very many rounds, either way; the frames' number has no exact reciprocal.
  const cases: readonly (readonly [number, readonly number[]])[] = [
    [4, [1, -1, 0, 4, -4, -6, 7]],
    [49, Array.from({ length: 99 }, (_, index) => index - 49)],
    [1021, [2 ** 20, -(2 ** 20), 1021 * 1000, 1021 * 1000 - 1, -1021 * 1000, 1 - 1021 * 1000]],
  ];

  test.each(cases)("%d frames", async (frames, shifts) => {
    expect(shifts.length).toBeGreaterThan(0);
    await expectShifted(frames, shifts);
  });

  test.skipIf(softwareGpu === undefined).each(cases)("%d frames, on a WebGPU device", async (frames, shifts) => {
    expect(shifts.length).toBeGreaterThan(0);
    await expectShifted(frames, shifts, webgpu);
  });
});
