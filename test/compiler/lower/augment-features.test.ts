import { Tensor } from "../../../runtime/engine/onnxruntime.ts";
import { expect, test } from "vitest";
import type { Augmentation } from "../../../compiler/artifact/metadata.ts";
import type { NormalizedFeatures } from "../../../compiler/ir/normalized-spec.ts";
import { createBuilder } from "../../../compiler/ops/builder.ts";
import { augmentFeatures } from "../../../compiler/lower/augment-features.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { committedGoldens, readGoldenJson } from "../../golden-data/golden.ts";
import { runGraph } from "../run-graph.ts";

const none: Augmentation = { mixup: null, frequencyMask: null, timeMask: null, noise: false, roll: null };
const [mean, scale] = [-4.2677393, 0.5 / 4.5689974];

const augment = async (
  augmentation: Partial<Augmentation>,
  size: readonly [batch: number, frames: number, bins: number],
  inputs: Readonly<Record<string, Tensor>>,
) => {
  const [, frames, bins] = size;
  const b = createBuilder();
  const features = b.input("features", { dtype: "float32", shape: ["batch", frames, bins] });
  const augmented = augmentFeatures(b, features, { ...none, ...augmentation }, { mean, scale } as NormalizedFeatures);
  const values = generateTensor("augment", size[0] * frames * bins, 1, 2);
  const [result] = await runGraph(b.finish([augmented]), {
    features: new Tensor("float32", values, size),
    ...inputs,
  });
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
      const [option, name] = axis === "freq" ? ["frequencyMask", "frequency_mask"] : ["timeMask", "time_mask"];
      const { values, result } = await augment({ [option]: 48 }, [masks.length, frames, bins], { [name]: input });
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
  const { values, result } = await augment({ frequencyMask: 4, timeMask: 4 }, [1, 5, 7], inputs);
  expect(result).toStrictEqual(values);
});

test("noise by its level, then a roll of each clip on its own", async () => {
  const [frames, bins] = [4, 2];
  const noise = generateTensor("noise", 2 * frames * bins, 0.5, 0.5);
  // The first clip goes forward by one frame, the second back by one.
  const order = BigInt64Array.of(3n, 0n, 1n, 2n, 5n, 6n, 7n, 4n);
  const { values, result } = await augment({ noise: true, roll: { from: -1, to: 1 } }, [2, frames, bins], {
    noise: new Tensor("float32", noise, [2, frames, bins]),
    noise_level: floats([0.1, 0.05], 2),
    frame_order: new Tensor("int64", order, [8]),
  });
  const noisy = values.map((value, index) =>
    Math.fround(value + Math.fround((noise[index] ?? 0) * Math.fround(index < frames * bins ? 0.1 : 0.05))),
  );
  const expected = Float32Array.from(
    noisy,
    (_, index) => noisy[Number(order[Math.floor(index / bins)]) * bins + (index % bins)] ?? NaN,
  );
  result.forEach((value, index) => expect(value).toBeCloseTo(expected[index] ?? NaN, 6));
});
