/** Patch kernels for one input channel and another patch size. */
import type { Grid } from "../ir/flow.ts";
import { adaptPositions, transposeGrid } from "./adapt-positions.ts";

/** Sums the input channels: [width, channels, rows, columns] -> [width, 1, rows, columns]. A grey picture has equal channels. */
export const sumChannels = (
  kernel: Float32Array,
  [width = 1, channels = 1, rows = 1, columns = 1]: readonly number[],
): Float32Array => {
  const plane = rows * columns;
  const result = new Float32Array(width * plane);
  for (let unit = 0; unit < width; unit++) {
    for (let place = 0; place < plane; place++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++)
        sum += kernel[(unit * channels + channel) * plane + place] ?? 0;
      result[unit * plane + place] = sum;
    }
  }
  return result;
};

/** Applies `adapt` to each kernel of `before` values, which gives `after`. */
const eachKernel = (
  kernels: Float32Array,
  width: number,
  [before, after]: readonly [number, number],
  adapt: (kernel: Float32Array) => Float32Array,
): Float32Array => {
  const result = new Float32Array(width * after);
  for (let unit = 0; unit < width; unit++) {
    result.set(adapt(kernels.subarray(unit * before, (unit + 1) * before)), unit * after);
  }
  return result;
};

const area = ({ rows, columns }: Grid): number => rows * columns;

/** Another patch size: each kernel [rows, columns] cut from its centre or interpolated like a grid of positions. */
export const resizePatches = (kernels: Float32Array, width: number, from: Grid, to: Grid): Float32Array =>
  eachKernel(kernels, width, [area(from), area(to)], (kernel) => adaptPositions(kernel, from, to, "bilinear"));

/** Each kernel [columns, rows] -> [rows, columns]. */
export const swapKernelAxes = (kernels: Float32Array, width: number, to: Grid): Float32Array =>
  eachKernel(kernels, width, [area(to), area(to)], (kernel) => transposeGrid(kernel, to));
