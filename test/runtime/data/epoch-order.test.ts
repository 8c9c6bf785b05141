import { describe, expect, test } from "vitest";
import type { Clip } from "../../../runtime/data/dataset.ts";
import { epochOrder } from "../../../runtime/data/epoch-order.ts";
import { randomOf } from "../../../runtime/data/random.ts";

const clipsOf = (...classes: readonly (readonly number[])[]): readonly Clip[] =>
  classes.map((classIndices, index) => ({ name: String(index), source: { path: String(index) }, classIndices }));
const alike = (count: number): readonly Clip[] => clipsOf(...Array.from({ length: count }, () => [0]));

describe("shuffled", () => {
  const order = (clips: number, seed: number, epoch: number) =>
    epochOrder(alike(clips), "shuffled", randomOf(seed, epoch));

  test("every clip once", () => {
    expect([...order(100, 1, 1)].sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
  });

  test("seed and epoch decide it, each", () => {
    expect(order(100, 1, 2).join()).toBe(order(100, 1, 2).join());
    expect(new Set([order(100, 1, 1), order(100, 1, 2), order(100, 2, 1), order(100, 2, 2)].map(String)).size).toBe(4);
  });

  test("the order of a seed and an epoch never changes", () => {
    expect(order(10, 1, 1)).toStrictEqual([2, 8, 5, 6, 4, 3, 0, 9, 7, 1]);
  });

  test("every place is as likely", () => {
    const counts = Array.from({ length: 4 }, () => 0);
    for (let epoch = 0; epoch < 4000; epoch++) {
      const [first = 0] = order(4, 3, epoch);
      counts[first] = (counts[first] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120); // 4 standard deviations
  });
});

describe("balanced", () => {
  test("as many draws as clips, with replacement", () => {
    const order = epochOrder(alike(1000), "balanced", randomOf(1));
    expect(order).toHaveLength(1000);
    // Of n draws with replacement a share of 1 - 1/e of the clips comes at all.
    expect(Math.abs(new Set(order).size - 632)).toBeLessThan(40);
    expect(Math.min(...order)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...order)).toBeLessThan(1000);
  });

  test("clips come by the reference's weights: classes alike, however many clips they have", () => {
    // Class 0 has 9000 clips, class 1 has 900, class 2 has 100, and the last clip is of the classes 1 and 2.
    const classes = Array.from({ length: 9999 }, (_, index) => [index < 9000 ? 0 : index < 9899 ? 1 : 2]);
    const clips = clipsOf(...classes, [1, 2]);
    const drawn = [0, 0, 0, 0]; // by class; the last clip apart
    for (let epoch = 1; epoch <= 10; epoch++) {
      for (const index of epochOrder(clips, "balanced", randomOf(1, epoch))) {
        const slot = index === 9999 ? 3 : (clips[index]?.classIndices[0] ?? 0);
        drawn[slot] = (drawn[slot] ?? 0) + 1;
      }
    }
    const weights = [9000, 900, 101].map((count) => 1000 / (count + 0.01));
    const [first = 0, second = 0, third = 0] = weights;
    const shares = [9000 * first, 899 * second, 100 * third, second + third];
    const total = shares.reduce((sum, share) => sum + share, 0);
    for (const [index, count] of drawn.entries()) {
      const expected = (100_000 * (shares[index] ?? 0)) / total;
      expect(Math.abs(count - expected), String(index)).toBeLessThan(4 * Math.sqrt(expected));
    }
  });

  test("background is drawn as often as a class", () => {
    const clips = clipsOf(...Array.from({ length: 900 }, () => [0]), ...Array.from({ length: 100 }, () => []));
    const drawn = epochOrder(clips, "balanced", randomOf(1)).filter((index) => index >= 900).length;
    expect(Math.abs(drawn - 500)).toBeLessThan(64); // 4 standard deviations
  });
});
