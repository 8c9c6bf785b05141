import { describe, expect, test } from "vitest";
import type { State } from "../../../compiler/ir/graph.ts";
import { initialize } from "../../../compiler/weights/initialize.ts";
import type { Initializer } from "../../../spec/dsl/index.ts";

const state = (name: string, shape: readonly number[], initializer: Initializer, fanIn = 1): State => ({
  value: { name, type: { dtype: "float32", shape } },
  kind: "parameter",
  initializer,
  fanIn,
});

const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: ArrayLike<number>): number => Math.sqrt(mean(Array.from(values, (value) => value ** 2)));

/** Correlation of two lists of mean zero. */
const correlation = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  mean(Array.from(a, (value, index) => value * (b[index] ?? NaN))) / (deviation(a) * deviation(b));

const normal = { kind: "truncatedNormal", std: 0.02 } as const;
const uniform = { kind: "uniformFanIn" } as const;
const count = 100_000;

describe("distributions", () => {
  test("zeros and ones", () => {
    expect(initialize(state("a", [2, 3], { kind: "zeros" }), 0)).toStrictEqual(new Float32Array(6));
    expect(initialize(state("a", [2, 3], { kind: "ones" }), 0)).toStrictEqual(new Float32Array(6).fill(1));
  });

  test("truncated normal: mean, deviation, tails", () => {
    const values = initialize(state("a", [count], normal), 0);
    expect(Math.abs(mean(values))).toBeLessThan((4 * 0.02) / Math.sqrt(count));
    expect(Math.abs(deviation(values) / 0.02 - 1)).toBeLessThan(4 / Math.sqrt(2 * count));
    const beyondTwo = values.filter((value) => Math.abs(value) > 0.04).length / count;
    expect(beyondTwo).toBeGreaterThan(0.043);
    expect(beyondTwo).toBeLessThan(0.048);
  });

  test("truncated normal: redrawn beyond +-2, whatever the deviation", () => {
    const values = initialize(state("a", [count], { kind: "truncatedNormal", std: 2 }), 0);
    expect(Math.max(...values.slice(0, 50_000))).toBeLessThanOrEqual(2);
    expect(values.every((value) => Math.abs(value) <= 2)).toBe(true);
    // A normal distribution cut at one deviation.
    expect(deviation(values)).toBeCloseTo(2 * 0.5396, 1);
  });

  test("uniform: within 1 / sqrt(fan in), evenly", () => {
    const values = initialize(state("a", [count], uniform, 64), 0);
    expect(values.every((value) => Math.abs(value) <= 1 / 8)).toBe(true);
    expect(Math.abs(mean(values))).toBeLessThan(4 / 8 / Math.sqrt(3 * count));
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = values.filter((value) => Math.floor((value * 8 + 1) * 5) === tenth).length / count;
      expect(Math.abs(share - 0.1)).toBeLessThan(0.004);
    }
  });
});

describe("determinism", () => {
  test("the same name and seed give the same values, in any order of calls", () => {
    const first = initialize(state("a", [100], normal), 3);
    initialize(state("b", [100], uniform), 3);
    expect(initialize(state("a", [100], normal), 3)).toStrictEqual(first);
  });

  test("values are known, so that a seed means the same in every version", () => {
    expect(Array.from(initialize(state("dense.weight", [3], normal), 0))).toMatchInlineSnapshot(`
      [
        0.014313026331365108,
        0.039209116250276566,
        -0.023353319615125656,
      ]
    `);
    expect(Array.from(initialize(state("dense.weight", [3], uniform, 4), 1))).toMatchInlineSnapshot(`
      [
        -0.12434673309326172,
        -0.11135588586330414,
        -0.15870876610279083,
      ]
    `);
  });

  test("a larger tensor starts with the values of a smaller one", () => {
    const small = initialize(state("a", [100], normal), 0);
    expect(initialize(state("a", [200], normal), 0).subarray(0, 100)).toStrictEqual(small);
  });
});

describe("parameters and seeds are independent", () => {
  const names = [
    "blocks.0.dense1.weight",
    "blocks.1.dense1.weight",
    "blocks.0.dense2.weight",
    "blocks.10.dense1.weight",
  ];
  const drawn = [
    ...names.map((name) => [name, initialize(state(name, [count], normal), 0)] as const),
    ...[1, 2, 10].map((seed) => [`seed ${seed}`, initialize(state(names[0] ?? "", [count], normal), seed)] as const),
  ];
  const pairs = drawn.flatMap(([name, values], index) =>
    drawn.slice(index + 1).map(([other, others]) => [name, other, values, others] as const),
  );
  test.each(pairs)("%s and %s", (_, _other, values, others) => {
    expect(Math.abs(correlation(values, others))).toBeLessThan(5 / Math.sqrt(count));
  });

  test("successive values of one parameter", () => {
    const values = initialize(state("a", [count], uniform, 1), 0);
    for (const lag of [1, 2, 3]) {
      expect(Math.abs(correlation(values.subarray(0, -lag), values.subarray(lag)))).toBeLessThan(5 / Math.sqrt(count));
    }
  });

  test("first values across many parameters", () => {
    const firsts = Array.from(
      { length: 2000 },
      (_, index) => initialize(state(`p${index}`, [1], uniform), 0)[0] ?? NaN,
    );
    expect(Math.abs(mean(firsts))).toBeLessThan(5 / Math.sqrt(3 * 2000));
    expect(new Set(firsts).size).toBe(2000);
  });
});
