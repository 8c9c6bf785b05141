import { describe, expect, it } from "vitest";
import {
  contiguousStrides,
  gatherView,
  isContiguous,
  viewSpan,
} from "../../../../compiler/weights/readers/gather-view.ts";

describe("gatherView", () => {
  it.each([1, 2, 4, 8])("gathers elements of %i bytes as an index formula does", (elementBytes) => {
    const shape = [3, 1, 2, 4];
    const strides = [2, 99, 30, 6];
    const source = Uint8Array.from({ length: viewSpan(shape, strides) * elementBytes }, (_, index) => index * 7);
    const expected: number[] = [];
    for (let a = 0; a < 3; a += 1)
      for (let c = 0; c < 2; c += 1)
        for (let d = 0; d < 4; d += 1) {
          const element = (2 * a + 30 * c + 6 * d) * elementBytes;
          expected.push(...source.subarray(element, element + elementBytes));
        }
    expect([...gatherView(source, elementBytes, shape, strides)]).toStrictEqual(expected);
  });

  it("does not copy what is in C order already", () => {
    const bytes = new Uint8Array(24);
    expect(gatherView(bytes, 4, [1, 2, 3], [77, 3, 1])).toBe(bytes);
  });

  it("gathers from bytes that are not aligned to their elements", () => {
    const bytes = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8).subarray(1);
    expect([...gatherView(bytes, 4, [2, 2], [0, 1])]).toStrictEqual([1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe("views", () => {
  it("counts the elements from the first to the last", () => {
    expect(viewSpan([2, 3], [10, 2])).toBe(15);
    expect(viewSpan([], [])).toBe(1);
    expect(viewSpan([4, 0], [1, 1])).toBe(0);
  });

  it("has the strides of C order", () => {
    expect(contiguousStrides([2, 3, 4])).toStrictEqual([12, 4, 1]);
    expect(isContiguous([2, 3], [3, 1])).toBe(true);
    expect(isContiguous([2, 3], [1, 2])).toBe(false);
    expect(isContiguous([3], [0])).toBe(false);
  });
});
