import { expect, test } from "vitest";
import { drawBeta } from "../../../runtime/data/draw-beta.ts";
import { randomOf } from "../../../runtime/data/random.ts";

/** Of Beta(a, a): variance 1 / (4 (2a + 1)), fourth central moment 3 / (16 (2a + 1) (2a + 3)). */
test.each([0.1, 0.5, 1, 10, 200])("the moments of Beta(%d, alike)", (alpha) => {
  const draws = 40_000;
  const random = randomOf(1, alpha * 10);
  const deviations = Array.from({ length: draws }, () => drawBeta(alpha, random) - 0.5);
  const moment = (power: number): number => deviations.reduce((sum, x) => sum + x ** power, 0) / draws;
  const variance = 1 / (4 * (2 * alpha + 1));
  const fourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3));
  expect(Math.abs(moment(1))).toBeLessThan(4 * Math.sqrt(variance / draws));
  expect(Math.abs(moment(2) - variance)).toBeLessThan(4 * Math.sqrt((fourth - variance ** 2) / draws));
  expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(fourth / draws));
  expect(Math.abs(moment(4) / fourth - 1)).toBeLessThan(0.1);
});

test("a tiny alpha gives the ends, each as often", () => {
  const random = randomOf(2);
  const draws = Array.from({ length: 2000 }, () => drawBeta(1e-4, random));
  expect(draws.every((share) => share < 1e-6 || share > 1 - 1e-6)).toBe(true);
  expect(Math.abs(draws.filter((share) => share > 0.5).length - 1000)).toBeLessThan(90);
});
