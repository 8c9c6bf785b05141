import { expect, test } from "vitest";
import { resizePatches, sumChannels } from "../../../compiler/weights/adapt-patches.ts";

test("input channels are summed place by place", () => {
  const kernel = Float32Array.of(1, 2, 10, 20, 100, 200, 3, 4, 30, 40, 300, 400); // [2, 3, 1, 2]
  expect([...sumChannels(kernel, [2, 3, 1, 2])]).toStrictEqual([111, 222, 333, 444]);
});

test("a larger patch is interpolated, each kernel for itself", () => {
  const kernel = Float32Array.of(0, 4, 8, 16); // [2, 1, 1, 2]
  const resized = resizePatches(kernel, 2, { rows: 1, columns: 2 }, { rows: 2, columns: 4 });
  expect([...resized]).toStrictEqual([0, 1, 3, 4, 0, 1, 3, 4, 8, 10, 14, 16, 8, 10, 14, 16]);
});

test("a smaller patch is cut from the centre", () => {
  const kernel = Float32Array.from({ length: 16 }, (_, place) => place);
  expect([...resizePatches(kernel, 1, { rows: 4, columns: 4 }, { rows: 2, columns: 2 })]).toStrictEqual([5, 6, 9, 10]);
});
