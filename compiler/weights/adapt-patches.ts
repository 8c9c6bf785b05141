/** Patch kernels for one input channel and another patch size. */
import { adaptPositions, type Grid } from "./adapt-positions.ts";

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

/** Another patch size: each kernel [rows, columns] cut from its centre or interpolated like a grid of positions. */
export const resizePatches = (kernel: Float32Array, width: number, from: Grid, to: Grid): Float32Array => {
  const [before, after] = [from.rows * from.columns, to.rows * to.columns];
  const result = new Float32Array(width * after);
  for (let unit = 0; unit < width; unit++) {
    result.set(adaptPositions(kernel.subarray(unit * before, (unit + 1) * before), from, to, "bilinear"), unit * after);
  }
  return result;
};
