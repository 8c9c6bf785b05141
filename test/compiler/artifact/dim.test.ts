import * as v from "valibot";
import { describe, expect, test } from "vitest";
import {
  cut,
  type Dim,
  dimSchema,
  evaluate,
  isAtMost,
  leastLength,
  mostLength,
  printDim,
  product,
  sameDim,
  sum,
  wholeSteps,
} from "../../../compiler/artifact/dim.ts";

const padded = sum(["samples", 480]);

describe("product and sum", () => {
  const values: readonly (readonly [Dim, string])[] = [
    [product([]), "1"],
    [product([2, 3, 4]), "24"],
    [product(["batch"]), "batch"],
    [product(["batch", 1]), "batch"],
    [product(["batch", 12, 3]), "36*batch"],
    [product([2, product([12, "batch"])]), "24*batch"],
    [product(["samples", "batch"]), "batch*samples"],
    [product(["batch", "batch"]), "batch*batch"],
    [product(["batch", 0]), "0"],
    [product([2, padded]), "2*samples+960"],
    [product([padded, "batch", padded]), "230400*batch+960*batch*samples+batch*samples*samples"],
    [sum([]), "0"],
    [sum([1, 2]), "3"],
    [sum(["batch", 0]), "batch"],
    [sum([5, "samples", "batch", "samples", 2]), "batch+2*samples+7"],
    [sum([product([3, "batch"]), product([4, "batch", 7])]), "31*batch"],
  ];
  test.each(values)("%#", (value, expected) => {
    expect(printDim(value)).toBe(expected);
  });

  test("have one form for one value", () => {
    expect(product([5])).toBe(5);
    expect(sum(["batch"])).toBe("batch");
    expect(product(["samples", 3, "batch"])).toStrictEqual(product([3, "batch", "samples"]));
    expect(sameDim(sum([480, "samples"]), padded)).toBe(true);
    expect(sameDim(padded, sum(["samples", 481]))).toBe(false);
    expect(sameDim(padded, "samples")).toBe(false);
  });
});

test("evaluate puts numbers for the named lengths, and fails where one is missing", () => {
  expect(evaluate(product([12, "batch", "samples"]), { batch: 2, samples: 5 })).toBe(120);
  expect(evaluate(sum([product([3, "batch"]), 7]), { batch: 2 })).toBe(13);
  expect(evaluate(7, {})).toBe(7);
  expect(() => evaluate(padded, { batch: 1 })).toThrow("no length is given for samples");
});

describe("cut", () => {
  /** What a slice takes of a list, element by element. */
  const taken = (length: number, from: number, to: number): number => Array.from({ length }).slice(from, to).length;

  test("is what a slice takes, of lengths, of padded ones and of cuts, whatever the length", () => {
    const dims: readonly Dim[] = [
      "samples",
      sum(["samples", 3]),
      cut("samples", 2, 7) ?? 0,
      sum([cut("samples", 0, 5) ?? 0, 4]),
    ];
    for (const dim of dims) {
      for (let from = 0; from < 9; from++) {
        for (let to = from + 1; to < 10; to++) {
          const part = cut(dim, from, to);
          if (part === undefined) throw new Error(`${printDim(dim)} is not cut`);
          for (let samples = 0; samples < 12; samples++) {
            const lengths = { samples };
            expect(evaluate(part, lengths)).toBe(taken(evaluate(dim, lengths), from, to));
          }
        }
      }
    }
  });

  test("is a number where all that is taken is there", () => {
    expect(cut(5, 1, 4)).toBe(3);
    expect(cut(padded, 100, 480)).toBe(380);
    expect(printDim(cut(padded, 0, 500) ?? 0)).toBe("samples[0..20]+480");
    expect(printDim(cut("samples", 10, 20) ?? 0)).toBe("samples[10..20]");
  });

  test("is none of a number that is shorter, or of several or multiplied lengths", () => {
    expect(cut(5, 1, 6)).toBeUndefined();
    expect(cut(product([2, "samples"]), 0, 6)).toBeUndefined();
    expect(cut(product(["batch", "samples"]), 0, 6)).toBeUndefined();
    expect(cut(sum(["batch", "samples"]), 0, 6)).toBeUndefined();
  });
});

describe("whole steps", () => {
  test("are those that lie in a length after its first elements, whatever it is; steps of steps are steps", () => {
    const heard = cut("samples", 0, 40) ?? 0;
    const dims: readonly Dim[] = ["samples", heard, sum([wholeSteps(heard, 5, 3), 2])];
    for (const dim of dims) {
      for (const first of [2, 3, 4, 7]) {
        for (const by of [1, 2, 3, 5]) {
          const steps = wholeSteps(dim, first, by);
          for (let samples = 0; samples < 50; samples++) {
            const lengths = { samples };
            expect(evaluate(steps, lengths)).toBe(Math.max(Math.floor((evaluate(dim, lengths) - first) / by), 0));
          }
        }
      }
    }
  });

  test("of a number are one; of a length that is no named one, or that begins before it, they are not known", () => {
    expect(wholeSteps(17, 3, 4)).toBe(3);
    expect(wholeSteps(2, 3, 4)).toBe(0);
    expect(printDim(sum([wholeSteps(cut("samples", 0, 40) ?? 0, 10, 4), 1]))).toBe("samples[10..40]/4+1");
    expect(() => wholeSteps(product([2, "samples"]), 3, 4)).toThrow("steps of 2*samples are not known");
    expect(() => wholeSteps(sum(["samples", 3]), 1, 4)).toThrow("steps of samples+3 begin before it");
  });

  test("are bounded, and so is what is made of them", () => {
    const frames = sum([wholeSteps(cut("samples", 0, 40) ?? 0, 10, 4), 1]);
    expect(mostLength(frames)).toBe(8);
    expect(mostLength(product([3, frames]))).toBe(24);
    expect(mostLength("samples")).toBe(Infinity);
    expect(isAtMost(product([4, frames]), sum(["samples", 4]))).toBe(true);
    expect(isAtMost(frames, 8)).toBe(true);
    expect(isAtMost(frames, 7)).toBe(false);
    const columns = sum([wholeSteps(frames, 1, 3), 1]);
    expect(isAtMost(product([3, columns]), sum([frames, 3]))).toBe(true);
    expect(isAtMost(product([4, columns]), sum([frames, 3]))).toBe(false);
    expect(isAtMost(product(["batch", 3, columns]), product(["batch", sum([frames, 3])]))).toBe(true);
  });
});

test("the least length is what is added, and one length is at most another where each of its terms is", () => {
  expect(leastLength(padded)).toBe(480);
  expect(leastLength("samples")).toBe(0);
  expect(isAtMost("samples", padded)).toBe(true);
  expect(isAtMost(padded, "samples")).toBe(false);
  expect(isAtMost(product([2, "batch"]), product([3, "batch"]))).toBe(true);
  expect(isAtMost("samples", "batch")).toBe(false);
});

test("what is written as JSON is read as it was; anything else is refused", () => {
  for (const dim of [
    7,
    "batch",
    padded,
    product(["batch", sum([cut("samples", 0, 5) ?? 0, 1])]),
    wholeSteps(cut("samples", 0, 40) ?? 0, 2, 3),
  ] as const) {
    expect(v.parse(dimSchema, JSON.parse(JSON.stringify(dim)))).toStrictEqual(dim);
  }
  for (const other of [-1, null, "frames", [], { terms: [{ times: 2 }] }, { terms: [{ times: 1, factors: [3] }] }]) {
    expect(v.is(dimSchema, other)).toBe(false);
  }
});
