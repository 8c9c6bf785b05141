import { expect, test } from "vitest";
import { bestThreshold } from "../../../runtime/metrics/best-threshold.ts";
import { rankClips } from "../../../runtime/metrics/rank-clips.ts";

const bestOf = (scores: number[], targets: number[]) => {
  const ranking = rankClips(Float32Array.from(scores), Float32Array.from(targets), 1, 0);
  return ranking && bestThreshold(ranking);
};

test("of equal F1 the highest threshold", () => {
  // At 0.75 one of one, of two in all; at 0.25 two of four: F1 is 2/3 for both.
  expect(bestOf([0.75, 0.5, 0.375, 0.25], [1, 0, 0, 1])).toStrictEqual({
    threshold: 0.75,
    f1: 2 / 3,
    precision: 1,
    recall: 0.5,
    truePositives: 1,
    falsePositives: 0,
    falseNegatives: 1,
    trueNegatives: 2,
  });
});

test("every clip is of the class: the lowest score", () => {
  expect(bestOf([0.75, -0.5], [1, 1])).toMatchObject({ threshold: -0.5, f1: 1, trueNegatives: 0 });
});

test("zero is zero, whatever its sign", () => {
  expect(bestOf([-0, 0, 1], [1, 1, 0])).toMatchObject({ f1: 0.8, truePositives: 2, falsePositives: 1 });
});
