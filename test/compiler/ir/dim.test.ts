import { describe, expect, test } from "vitest";
import { elements, evaluate, isStatic, printShape, product, sameShape } from "../../../compiler/ir/dim.ts";
import type { Dim } from "../../../compiler/ir/graph.ts";

describe("product", () => {
  const products: readonly (readonly [readonly Dim[], Dim])[] = [
    [[], 1],
    [[2, 3, 4], 24],
    [["batch"], "batch"],
    [["batch", 1], "batch"],
    [["batch", 12, 3], "36*batch"],
    [[2, "12*batch"], "24*batch"],
    [["samples", "batch"], "batch*samples"],
    [["batch", "batch"], "batch*batch"],
    [["batch", 0], 0],
    [["samples+480", 2], "2*samples+480"],
  ];
  test.each(products)("%j = %s", (dims, expected) => {
    expect(product(dims)).toBe(expected);
  });

  test("does not depend on the order", () => {
    expect(product(["samples", 3, "batch"])).toBe(product([3, "batch", "samples"]));
  });
});

test("evaluate puts lengths for symbols, 1 for those not given", () => {
  expect(evaluate("12*batch*samples", { batch: 2, samples: 5 })).toBe(120);
  expect(evaluate("12*batch*samples", { samples: 5 })).toBe(60);
  expect(evaluate(7)).toBe(7);
});

test("elements are those of one clip", () => {
  expect(elements(["batch", 3, 4])).toBe(12);
  expect(elements([])).toBe(1);
});

test("shapes are static, the same, and printed", () => {
  expect(isStatic([1, 2])).toBe(true);
  expect(isStatic([1, "batch"])).toBe(false);
  expect(sameShape([1, "batch"], [1, "batch"])).toBe(true);
  expect(sameShape([1, "batch"], ["batch", 1])).toBe(false);
  expect(sameShape([1], [1, 1])).toBe(false);
  expect(printShape(["batch", 146, 192])).toBe("[batch, 146, 192]");
});
