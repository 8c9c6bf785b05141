import { expect, test } from "vitest";
import { classThresholds } from "../../../runtime/metrics/class-thresholds.ts";

/** Answers of one class, and the clips that are of it: each score a clip. */
const thresholdOf = (own: readonly number[], others: readonly number[]) => {
  const scores = Float32Array.of(...own, ...others);
  const targets = Float32Array.from([...own.map(() => 1), ...others.map(() => 0)]);
  return classThresholds({ logits: scores, scores, targets }, 1)[0];
};

test("halfway from the clips that are taken at the best F1 to the next", () => {
  expect(thresholdOf([0.9, 0.8, 0.75, 0.5, 0.5], [0.25, 0.2, 0.1, 0.1, 0])).toStrictEqual({ score: 0.375, f1: 1 });
  // 5 of 5 with 2 others: 10 / 12; the first 3 alone: 6 / 8.
  expect(thresholdOf([0.9, 0.8, 0.75, 0.5, 0.25], [0.625, 0.625, 0.125, 0, 0])).toStrictEqual({
    score: 0.1875,
    f1: 10 / 12,
  });
});

test("every clip is taken: the lowest score of them", () => {
  expect(thresholdOf([0.5, 0.5, 0.5, 0.5, 0.25], [0.75, 0.75, 0.75, 0.75, 0.75])).toStrictEqual({
    score: 0.25,
    f1: 10 / 15,
  });
});

test.each([
  ["too few clips of the class", [0.9, 0.9, 0.9, 0.9], [0.1, 0.1, 0.1, 0.1, 0.1]],
  ["too few others", [0.9, 0.9, 0.9, 0.9, 0.9], [0.1, 0.1, 0.1, 0.1]],
  ["no clip of the class", [], [0.1, 0.1, 0.1, 0.1, 0.1]],
  ["a score that is no number", [0.9, 0.9, 0.9, 0.9, Number.NaN], [0.1, 0.1, 0.1, 0.1, 0.1]],
])("%s: one half", (_, own, others) => {
  expect(thresholdOf(own, others)).toStrictEqual({ score: 0.5, f1: null });
});
