import { expect, test } from "vitest";
import type { Augmentation } from "../../../compiler/artifact/metadata.ts";
import { augmentationFeeds } from "../../../runtime/train/augmentation-feeds.ts";
import type { ClipDraws } from "../../../runtime/train/draw-clip.ts";

const plain: ClipDraws = {
  mixup: null,
  frequencyMask: [0, 0],
  timeMask: [0, 0],
  noise: { level: 0, key: 0 },
  rollFrames: 0,
};
const draws: readonly ClipDraws[] = [
  { ...plain, mixup: { partner: 3, share: 0.25 }, frequencyMask: [1, 3], rollFrames: 1 },
  { ...plain, timeMask: [0, 2], noise: { level: 0.5, key: 7 }, rollFrames: -6 },
];
const none: Augmentation = { mixup: null, frequencyMask: null, timeMask: null, noise: false, roll: null };
const size = { frames: 4, bins: 3 };

test("every input by its name and shape", () => {
  const augmentation: Augmentation = {
    mixup: { rate: 1, alpha: 1 },
    frequencyMask: 2,
    timeMask: 2,
    noise: true,
    roll: { from: -1, to: 1 },
  };
  const { noise, ...feeds } = augmentationFeeds(draws, augmentation, size);
  expect(Object.entries(feeds).map(([name, { type, dims, data }]) => [name, type, dims, [...(data as never)]])).toEqual(
    [
      ["mixup_share", "float32", [2], [0.25, 1]],
      ["frequency_mask", "float32", [2, 2], [1, 3, 0, 0]],
      ["time_mask", "float32", [2, 2], [0, 0, 0, 2]],
      ["noise_level", "float32", [2], [0, 0.5]],
      // torch.roll by 1: the last frame comes first. By -6, which is -2: the third comes first.
      ["frame_order", "int64", [8], [3n, 0n, 1n, 2n, 6n, 7n, 4n, 5n]],
    ],
  );
  expect(noise?.dims).toStrictEqual([2, 4, 3]);
});

test("only the inputs that the augmentation has", () => {
  expect(augmentationFeeds(draws, none, size)).toStrictEqual({});
  expect(Object.keys(augmentationFeeds(draws, { ...none, timeMask: 2 }, size))).toStrictEqual(["time_mask"]);
});

test("noise is uniform from 0 to 1, and a clip's key decides it", () => {
  const values = (keys: readonly number[]): Float32Array =>
    augmentationFeeds(
      keys.map((key) => ({ ...plain, noise: { level: 0.1, key } })),
      { ...none, noise: true },
      { frames: 100, bins: 100 },
    )["noise"]?.data as Float32Array;
  const found = values([1, 2]);
  expect(found.subarray(10_000)).toStrictEqual(values([2]));
  expect(found.every((value) => value >= 0 && value < 1)).toBe(true);
  const moment = (power: number): number => found.reduce((sum, value) => sum + value ** power, 0) / found.length;
  expect(moment(1)).toBeCloseTo(1 / 2, 2);
  expect(moment(2)).toBeCloseTo(1 / 3, 2);
  expect(found[0]).not.toBe(found[10_000]);
});
