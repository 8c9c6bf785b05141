import { describe, expect, test } from "vitest";
import { rateFactors } from "../../../compiler/frontend/rate-factors.ts";

const names = ["patchEmbedding.weight", "blocks.1.dense.weight", "blocks.1.dense.bias", "blocks.10.dense.weight"];
/** The factors, and the codes of what is wrong. */
const read = (rates: Readonly<Record<string, number>>) => {
  const codes: string[] = [];
  const factors = rateFactors(names, rates, { add: (code) => codes.push(code) });
  return { factors: [...factors.values()], codes };
};
const factorsOf = (rates: Readonly<Record<string, number>>): readonly number[] => read(rates).factors;

describe("factors of the learning rate by parameter", () => {
  test("without patterns: 1", () => {
    expect(factorsOf({})).toStrictEqual([1, 1, 1, 1]);
  });

  test("a star stands for any characters, a dot for itself", () => {
    expect(factorsOf({ "blocks.1.*": 0.5 })).toStrictEqual([1, 0.5, 0.5, 1]);
    expect(factorsOf({ "blocks.1*": 0.5 })).toStrictEqual([1, 0.5, 0.5, 0.5]);
    expect(factorsOf({ "*.bias": 0 })).toStrictEqual([1, 1, 0, 1]);
    expect(factorsOf({ "patchEmbedding.weight": 2 })).toStrictEqual([2, 1, 1, 1]);
    expect(read({ "blocks?1?dense?bias": 2, "dense*": 1, "*": 0 }).codes).toStrictEqual(["rates-match", "rates-match"]);
    expect(read({ "*": 0 }).codes).toStrictEqual(["nothing-to-train"]);
  });

  test("of several patterns that match, the last counts", () => {
    expect(factorsOf({ "*": 0, "blocks.*": 0.1, "*.bias": 1 })).toStrictEqual([0, 0.1, 1, 0.1]);
  });
});
