import { expect, test } from "vitest";
import { accuracy } from "../../../runtime/metrics/accuracy.ts";
import { confusionMatrix } from "../../../runtime/metrics/confusion-matrix.ts";

// Two clips of the first class, one taken for the third; one of the second and third; none of any class.
const scores = [0.9, 0.1, 0.2, 0.1, 0.2, 0.9, 0.3, 0.8, 0.1, 0.7, 0.1, 0.1];
const targets = Float32Array.of(1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0);

test("rows are a clip's class, columns the class taken for it; clips without a class are left out", () => {
  expect([...confusionMatrix(Float32Array.from(scores), targets, 3)]).toStrictEqual([1, 0, 1, 0, 1, 0, 0, 0, 0]);
  expect(accuracy(Float32Array.from(scores), targets, 3)).toBe(0.5);
});

test("a clip with a score that is not a number is left out, and wrong", () => {
  const broken = Float32Array.from(scores.with(1, Number.NaN));
  expect([...confusionMatrix(broken, targets, 3)]).toStrictEqual([0, 0, 1, 0, 1, 0, 0, 0, 0]);
  expect(accuracy(broken, targets, 3)).toBe(0.25);
});
