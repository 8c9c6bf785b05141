import { describe, expect, test } from "vitest";
import { averageScores } from "../../../runtime/metrics/average-scores.ts";
import { meanLoss } from "../../../runtime/metrics/mean-loss.ts";
import type { Predictions } from "../../../runtime/metrics/predictions.ts";

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const softmax = (row: readonly number[]): number[] => {
  const sum = row.reduce((total, x) => total + Math.exp(x), 0);
  return row.map((x) => Math.exp(x) / sum);
};
const classes = ["a", "b", "c"];
const targets = Float32Array.of(1, 0, 0, 0, 1, 0);
const logitsOfModels = [
  [2, -1, 0.5, -3, 1, 4],
  [0, 0, -2, 5, -0.25, 1],
  [-1, 3, 0, 0, 0, -6],
];
const rowsOf = (values: readonly number[]): number[][] => [values.slice(0, 3), values.slice(3)];
const model = (logits: readonly number[], scores: readonly number[]): Predictions => ({
  logits: Float32Array.from(logits),
  scores: Float32Array.from(scores),
  targets,
});
const meanAt = (rows: readonly (readonly number[])[], at: number): number =>
  rows.reduce((sum, row) => sum + (row[at] ?? Number.NaN), 0) / rows.length;

describe.each([
  { objective: "multi-label", link: (logits: readonly number[]) => logits.map(sigmoid) },
  { objective: "single-label", link: (logits: readonly number[]) => rowsOf(logits).flatMap(softmax) },
] as const)("$objective", ({ objective, link }) => {
  const scoresOfModels = logitsOfModels.map(link);
  const models = logitsOfModels.map((logits, index) => model(logits, scoresOfModels[index] ?? []));
  const ensemble = averageScores(models, { objective, classes });

  test("scores are the mean of the models' scores", () => {
    ensemble.scores.forEach((score, at) => expect(score).toBeCloseTo(meanAt(scoresOfModels, at), 6));
    expect(ensemble.targets).toBe(targets);
  });

  test("logits give these scores", () => {
    link([...ensemble.logits]).forEach((score, at) => expect(score).toBeCloseTo(meanAt(scoresOfModels, at), 6));
  });

  test("logits whose exponential overflows give a finite loss", () => {
    const certain = model([1000, -1000, 0, 1000, 0, 0], [1, 0, 0, 1, 0, 0]);
    const { logits } = averageScores([certain, certain], { objective, classes });
    expect(meanLoss(objective, logits, targets, 3)).toBeCloseTo(meanLoss(objective, certain.logits, targets, 3), 4);
  });
});

test("models that do not answer for the same clips", () => {
  const metadata = { objective: "multi-label", classes } as const;
  const one = model([0, 0, 0, 0, 0, 0], [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
  const message = "averageScores: the predictions are not of the same clips and classes";
  const shorter = { logits: one.logits.slice(3), scores: one.scores.slice(3), targets: targets.slice(3) };
  expect(() => averageScores([one, shorter], metadata)).toThrow(new RangeError(message));
  expect(() => averageScores([one, { ...one, targets: targets.toReversed() }], metadata)).toThrow(
    new RangeError(message),
  );
  expect(() => averageScores([], metadata)).toThrow(new RangeError("averageScores: no predictions"));
});
