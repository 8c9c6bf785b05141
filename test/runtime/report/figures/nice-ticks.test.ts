import { expect, test } from "vitest";
import { niceTicks } from "../../../../runtime/report/figures/nice-ticks.ts";

test.each([
  [0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [0.31, 0.94, 4, [0.4, 0.6, 0.8]],
  [0, 200, 5, [0, 50, 100, 150, 200]],
  [0, 1e-5, 2, [0, 5e-6, 1e-5]],
  [-3, 3, 3, [-2, 0, 2]],
  [4, 4, 5, [4]],
])("from %d to %d about %d", (from, to, count, expected) => {
  expect(niceTicks(from, to, count)).toStrictEqual(expected);
});
