import { expect, test } from "vitest";
import { smoothCurve, thinCurve } from "../../../../../runtime/report/html/charts/curves.ts";

const curve = (values: readonly number[]) => values.map((y, x) => ({ x, y }));

test("a thinned curve keeps its spikes, in order", () => {
  const values = Array.from({ length: 10_000 }, () => 1);
  [values[1234], values[1236]] = [50, -50];
  const thin = thinCurve(curve(values), 1000);
  expect(thin.length).toBeLessThanOrEqual(1000);
  expect(thin).toContainEqual({ x: 1234, y: 50 });
  expect(thin).toContainEqual({ x: 1236, y: -50 });
  expect(thin.every(({ x }, index) => index === 0 || x > (thin[index - 1]?.x ?? 0))).toBe(true);
});

test("a short curve stays as it is", () => {
  const points = curve([3, 1, 2]);
  expect(thinCurve(points, 3)).toBe(points);
});

test("smoothing is the mean of the neighbourhood, as far as there is one", () => {
  expect(smoothCurve(curve([1, 2, 6, 4]), 1).map(({ y }) => y)).toStrictEqual([1.5, 3, 4, 5]);
});
