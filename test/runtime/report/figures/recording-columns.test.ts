import { expect, test } from "vitest";
import { createScoreColumns, createSpectrogramColumns } from "../../../../runtime/report/figures/recording-columns.ts";

test("frames are columns while there is room, and then means of as many as need be", () => {
  const columns = createSpectrogramColumns(2, 0.01);
  columns.add(0, Float32Array.of(1, 2));
  columns.add(0.02, Float32Array.of(3, 4));
  expect(columns.columns()).toStrictEqual({ secondsPerColumn: 0.01, count: 3 });
  // A column without a frame is as the one before it.
  expect([...columns.means()]).toStrictEqual([1, 2, 1, 2, 3, 4]);

  const long = createSpectrogramColumns(1, 0.01);
  for (let frame = 0; frame < 100_000; frame++) long.add(frame * 0.01, Float32Array.of(frame));
  const { secondsPerColumn, count } = long.columns();
  expect(secondsPerColumn).toBeCloseTo(0.64, 9);
  expect(count).toBe(1563);
  const means = long.means();
  expect(means).toHaveLength(count);
  expect(means[0]).toBeCloseTo(31.5, 3);
  expect(means[1000]).toBeCloseTo(64_031.5, 0);
});

test("scores are the highest of those that a column is within", () => {
  const columns = createScoreColumns(2, 1);
  columns.add(0, 2, Float32Array.of(0.1, 0.9));
  columns.add(1, 3, Float32Array.of(0.5, 0.2));
  expect([...columns.of(0)].map((score) => score.toFixed(1))).toStrictEqual(["0.1", "0.5", "0.5"]);
  expect([...columns.of(1)].map((score) => score.toFixed(1))).toStrictEqual(["0.9", "0.9", "0.2"]);
  columns.add(50_000, 50_001, Float32Array.of(1, 0));
  expect(columns.columns().count).toBeLessThanOrEqual(2048);
  expect(columns.of(0)[0]).toBeCloseTo(0.5, 6);
  expect(columns.of(1)[0]).toBeCloseTo(0.9, 6);
  expect(columns.of(0).at(-1)).toBe(1);
});
