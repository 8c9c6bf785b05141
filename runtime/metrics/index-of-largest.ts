/**
 * Position of the largest value; the first of equals (NumPy's `argmax`).
 * @returns undefined where there is no value, or one is not a number
 */
export const indexOfLargest = (values: Float32Array): number | undefined => {
  if (values.length === 0) return undefined;
  let best = 0;
  for (const [index, value] of values.entries()) {
    if (Number.isNaN(value)) return undefined;
    if (value > (values[best] ?? value)) best = index;
  }
  return best;
};
