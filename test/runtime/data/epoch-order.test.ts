import { expect, test } from "vitest";
import { epochOrder } from "../../../runtime/data/epoch-order.ts";

test("an order visits every clip once", () => {
  expect([...epochOrder(100, { seed: 1, epoch: 1 })].sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
});

test("seed and epoch decide it, each", () => {
  const order = (seed: number, epoch: number) => epochOrder(100, { seed, epoch }).join();
  expect(order(1, 2)).toBe(order(1, 2));
  expect(new Set([order(1, 1), order(1, 2), order(2, 1), order(2, 2)]).size).toBe(4);
});

test("the order of a seed and an epoch never changes", () => {
  expect(epochOrder(10, { seed: 1, epoch: 1 })).toMatchInlineSnapshot(`
    [
      2,
      8,
      5,
      6,
      4,
      3,
      0,
      9,
      7,
      1,
    ]
  `);
});

test("every place is as likely", () => {
  const counts = Array.from({ length: 4 }, () => 0);
  for (let epoch = 0; epoch < 4000; epoch++) {
    const [first = 0] = epochOrder(4, { seed: 3, epoch });
    counts[first] = (counts[first] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120); // 4 standard deviations
});
