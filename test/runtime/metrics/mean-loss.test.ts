import { expect, test } from "vitest";
import { meanLoss } from "../../../runtime/metrics/mean-loss.ts";

test("binary cross-entropy, mean over classes and clips", () => {
  // log(1 + e^-2) for a target of 1, log(1 + e^2) for 0
  const [right, wrong] = [Math.log1p(Math.exp(-2)), Math.log1p(Math.exp(2))];
  const loss = meanLoss("multi-label", Float32Array.of(2, 2, -2, 2), Float32Array.of(1, 0, 0, 1), 2);
  expect(loss).toBeCloseTo((3 * right + wrong) / 4, 12);
});

test("binary cross-entropy of logits whose exponential overflows", () => {
  expect(meanLoss("multi-label", Float32Array.of(1000, -1000), Float32Array.of(0, 1), 2)).toBe(1000);
});

test("cross-entropy of softmax, with targets that share a clip", () => {
  const sum = Math.exp(1) + Math.exp(3);
  const loss = meanLoss("single-label", Float32Array.of(1, 3), Float32Array.of(0.25, 0.75), 2);
  expect(loss).toBeCloseTo(Math.log(sum) - 0.25 - 0.75 * 3, 12);
});

test("cross-entropy of logits whose exponential overflows", () => {
  expect(meanLoss("single-label", Float32Array.of(1000, 0), Float32Array.of(0, 1), 2)).toBe(1000);
});
