/** Positional embeddings for another grid of patches, as the reference adapts them. */
import type { Grid } from "../ir/flow.ts";

export type PositionMethod = "bilinear" | "nearest";

/** Which source positions, in which shares, make up one target position. */
type Mix = readonly (readonly [index: number, share: number])[];

const methods: { readonly [Method in PositionMethod]: (index: number, from: number, to: number) => Mix } = {
  /**
   * Half-pixel centres, no antialiasing (`interpolate(mode="bilinear", align_corners=False)` of torch 1.13). The scale is rounded
   * to float32 as torch's is: exact, it would move positions beyond the hundredth by 2e-6.
   */
  bilinear: (index, from, to) => {
    const place = Math.max(0, Math.fround(from / to) * (index + 0.5) - 0.5);
    const first = Math.floor(place);
    const share = place - first;
    return [
      [first, 1 - share],
      [Math.min(first + 1, from - 1), share],
    ];
  },
  /** In float32 too, where torch's rounding sometimes takes the neighbour. */
  nearest: (index, from, to) => [[Math.min(Math.floor(Math.fround(index * Math.fround(from / to))), from - 1), 1]],
};

/** Fewer positions are cut from the centre, more are interpolated. */
const mixes = (from: number, to: number, method: PositionMethod): readonly Mix[] => {
  const start = Math.floor(from / 2) - Math.floor(to / 2);
  return Array.from({ length: to }, (_, index): Mix =>
    to <= from ? [[start + index, 1]] : methods[method](index, from, to),
  );
};

/**
 * @param source [rows * columns, width], by row, then column
 * @returns the same for the target grid; time is adapted first, then frequency (`ast_models.py`)
 */
export const adaptPositions = (source: Float32Array, from: Grid, to: Grid, method: PositionMethod): Float32Array => {
  const width = source.length / (from.rows * from.columns);
  const alongTime = new Float32Array(from.rows * to.columns * width);
  const accumulate = (target: Float32Array, at: number, values: Float32Array, start: number, share: number): void => {
    for (let unit = 0; unit < width; unit++)
      target[at + unit] = (target[at + unit] ?? 0) + (values[start + unit] ?? 0) * share;
  };
  mixes(from.columns, to.columns, method).forEach((mix, column) => {
    for (let row = 0; row < from.rows; row++) {
      for (const [index, share] of mix) {
        accumulate(alongTime, (row * to.columns + column) * width, source, (row * from.columns + index) * width, share);
      }
    }
  });
  const result = new Float32Array(to.rows * to.columns * width);
  const rowLength = to.columns * width;
  mixes(from.rows, to.rows, method).forEach((mix, row) => {
    for (const [index, share] of mix) {
      for (let column = 0; column < to.columns; column++) {
        accumulate(result, row * rowLength + column * width, alongTime, index * rowLength + column * width, share);
      }
    }
  });
  return result;
};

/** [columns * rows, width], by column, then row -> [rows * columns, width], by row, then column. */
export const transposeGrid = (source: Float32Array, { rows, columns }: Grid): Float32Array => {
  const width = source.length / (rows * columns);
  const result = new Float32Array(source.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const start = (column * rows + row) * width;
      result.set(source.subarray(start, start + width), (row * columns + column) * width);
    }
  }
  return result;
};
