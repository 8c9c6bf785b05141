import { expect, test } from "vitest";
import { averagePrecision } from "../../../../../runtime/metrics/average-precision.ts";
import { precisionRecallCurve } from "../../../../../runtime/metrics/precision-recall-curve.ts";
import { rankClips } from "../../../../../runtime/metrics/rank-clips.ts";
import { macroCurve, smoothCurve, thinCurve } from "../../../../../runtime/report/html/charts/curves.ts";

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

/** One class's ranking and curve, of scores and whether the clips are of it. */
const classOf = (clips: readonly (readonly [score: number, isOwn: boolean])[]) => {
  const scores = Float32Array.from(clips, ([score]) => score);
  const ranking = rankClips(
    scores,
    Float32Array.from(clips, ([, isOwn]) => Number(isOwn)),
    1,
    0,
  );
  const curve = ranking && precisionRecallCurve(ranking, { dropIntermediate: true });
  if (!ranking || !curve) throw new Error("the class has clips");
  return { curve, area: averagePrecision(ranking) ?? Number.NaN };
};

const perfect = classOf([
  [0.9, true],
  [0.8, true],
  [0.2, false],
]);
// The highest score is false: a threshold of recall 0 and precision 0, which no recall above 0 is reached with.
const mixed = classOf([
  [0.9, false],
  [0.8, true],
  [0.7, false],
  [0.6, true],
]);

test("each class counts alike", () => {
  const points = macroCurve([perfect.curve, mixed.curve]);
  expect(points[0]).toStrictEqual({ x: 0.0025, y: (1 + 1 / 2) / 2 });
  expect(points.at(-1)).toStrictEqual({ x: 0.9975, y: (1 + 2 / 4) / 2 });
});

test("its area is the mean of the average precisions", () => {
  // Ties, false clips among true ones, and other numbers of true clips in each class.
  const classes = [3, 7, 20, 61].map((step) =>
    classOf(
      Array.from({ length: 400 }, (_, index) => [Math.round(((index * 37) % 400) / 3) / 400, index % step === 0]),
    ),
  );
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const points = macroCurve(classes.map(({ curve }) => curve));
  expect(mean(points.map(({ y }) => y))).toBeCloseTo(mean(classes.map(({ area }) => area)), 3);
});
