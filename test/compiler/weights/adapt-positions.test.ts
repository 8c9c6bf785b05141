import { expect, test } from "vitest";
import type { Grid } from "../../../compiler/ir/flow.ts";
import { adaptPositions } from "../../../compiler/weights/adapt-positions.ts";

/** Each position holds 100 * row + column, and 1000 more. */
const coordinates = ({ rows, columns }: Grid): Float32Array =>
  Float32Array.from({ length: 2 * rows * columns }, (_, index) => {
    const position = Math.floor(index / 2);
    const value = 100 * Math.floor(position / columns) + (position % columns);
    return index % 2 === 0 ? value : value + 1000;
  });

const adapt = (from: Grid, to: Grid, method: "bilinear" | "nearest" = "bilinear"): readonly number[] => {
  const values = [...adaptPositions(coordinates(from), from, to, method)];
  const firsts = values.filter((_, index) => index % 2 === 0);
  expect(values.filter((_, index) => index % 2 === 1)).toStrictEqual(firsts.map((value) => value + 1000));
  return firsts;
};

test("the same grid is copied", () => {
  const grid = { rows: 3, columns: 5 };
  expect(adaptPositions(coordinates(grid), grid, grid, "bilinear")).toStrictEqual(coordinates(grid));
});

test("a smaller grid is cut from the centre", () => {
  expect(adapt({ rows: 4, columns: 5 }, { rows: 2, columns: 3 })).toStrictEqual([101, 102, 103, 201, 202, 203]);
  expect(adapt({ rows: 14, columns: 14 }, { rows: 1, columns: 2 })).toStrictEqual([706, 707]);
  // Floors of odd halves, as the reference: 101 columns to 12 start at 50 - 6.
  expect(adapt({ rows: 12, columns: 101 }, { rows: 12, columns: 12 })[0]).toBe(44);
});

test("a larger grid is interpolated at half-pixel centres", () => {
  expect(adapt({ rows: 1, columns: 2 }, { rows: 1, columns: 4 })).toStrictEqual([0, 0.25, 0.75, 1]);
  expect(adapt({ rows: 2, columns: 1 }, { rows: 4, columns: 1 })).toStrictEqual([0, 25, 75, 100]);
  expect(adapt({ rows: 2, columns: 2 }, { rows: 2, columns: 3 })).toStrictEqual([0, 0.5, 1, 100, 100.5, 101]);
});

test("each axis is cut or interpolated for itself", () => {
  expect(adapt({ rows: 4, columns: 2 }, { rows: 2, columns: 4 })).toStrictEqual([
    100, 100.25, 100.75, 101, 200, 200.25, 200.75, 201,
  ]);
});

test("nearest repeats positions, and cuts as well", () => {
  expect(adapt({ rows: 1, columns: 2 }, { rows: 1, columns: 5 }, "nearest")).toStrictEqual([0, 0, 0, 1, 1]);
  expect(adapt({ rows: 3, columns: 1 }, { rows: 1, columns: 1 }, "nearest")).toStrictEqual([100]);
});

test("nearest rounds as torch does, in float32", () => {
  // Exactly, 69 * 129 / 207 = 43; torch 2.13's interpolate takes 42.
  expect(adapt({ rows: 1, columns: 129 }, { rows: 1, columns: 207 }, "nearest")[69]).toBe(42);
});

test("a single position fills any grid", () => {
  expect(adapt({ rows: 1, columns: 1 }, { rows: 2, columns: 2 })).toStrictEqual([0, 0, 0, 0]);
});
