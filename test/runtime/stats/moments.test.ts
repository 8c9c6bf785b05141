import { expect, test } from "vitest";
import {
  constantMoments,
  deviationOf,
  mergeMoments,
  type Moments,
  momentsOf,
  noMoments,
} from "../../../runtime/stats/moments.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";

const mergeAll = (parts: readonly Moments[]): Moments => parts.reduce(mergeMoments, noMoments);

test("mean and unbiased deviation, by hand", () => {
  const moments = momentsOf(Float64Array.of(1, 2, 3, 6));
  expect(moments).toStrictEqual({ count: 4, mean: 3, squares: 14 });
  expect(deviationOf(moments)).toBe(Math.sqrt(14 / 3));
});

test("parts together are as the whole, far from zero too", () => {
  const values = Float64Array.from(generateTensor("moments", 10_000, 1), (x) => 1e9 + x);
  const whole = momentsOf(values);
  const merged = mergeAll(
    [0, 1, 17, 5000].map((start, part, starts) => momentsOf(values.slice(start, starts[part + 1]))),
  );
  expect(merged.count).toBe(whole.count);
  expect(merged.mean).toBeCloseTo(whole.mean, 5);
  expect(Math.abs(deviationOf(merged) / deviationOf(whole) - 1)).toBeLessThan(1e-8);
});

test("a constant, and nothing", () => {
  expect(mergeMoments(momentsOf(Float64Array.of(2, 4)), constantMoments(2, 0))).toStrictEqual(
    momentsOf(Float64Array.of(2, 4, 0, 0)),
  );
  expect(mergeMoments(noMoments, constantMoments(0, 0))).toStrictEqual(noMoments);
});
