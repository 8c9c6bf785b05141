import { expect, test } from "vitest";
import { elements, isStatic, printShape, sameShape } from "../../../compiler/ir/shape.ts";

test("elements are counted of shapes that are known", () => {
  expect(elements([2, 3, 4])).toBe(24);
  expect(elements([])).toBe(1);
  expect(() => elements(["batch", 3])).toThrow("[batch, 3] has no fixed element count");
});

test("shapes are static, the same, and printed", () => {
  expect(isStatic([1, 2])).toBe(true);
  expect(isStatic([1, "batch"])).toBe(false);
  expect(sameShape([1, "batch"], [1, "batch"])).toBe(true);
  expect(sameShape([1, "batch"], ["batch", 1])).toBe(false);
  expect(sameShape([1], [1, 1])).toBe(false);
  expect(printShape(["batch", 146, 192])).toBe("[batch, 146, 192]");
});
