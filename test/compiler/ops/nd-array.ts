/** Arrays in double precision, for evaluating operators by their definition. */

/** Row-major; booleans are 0 and 1. */
export interface NdArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

type Index = readonly number[];

export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

/** The index of an element by its place. */
export const unravel = (shape: readonly number[], flat: number): Index => {
  let rest = flat;
  return shape.reduceRight<number[]>((index, length, axis) => {
    index[axis] = rest % length;
    rest = Math.floor(rest / length);
    return index;
  }, Array(shape.length));
};

/** The array whose element at each index is `value(index)`. */
export const tabulate = (shape: readonly number[], value: (index: Index) => number): NdArray => ({
  shape,
  data: Float64Array.from({ length: sizeOf(shape) }, (_, flat) => value(unravel(shape, flat))),
});

/** The element at an index; missing leading axes and axes of length 1 are broadcast. */
export const at = ({ shape, data }: NdArray, index: Index): number => {
  const lead = index.length - shape.length;
  const flat = shape.reduce(
    (position, length, axis) => position * length + (length === 1 ? 0 : (index[lead + axis] ?? 0)),
    0,
  );
  return data[flat] ?? NaN;
};

export const broadcast = (...arrays: readonly NdArray[]): readonly number[] => {
  const rank = Math.max(...arrays.map(({ shape }) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...arrays.map(({ shape }) => shape[axis - rank + shape.length] ?? 1)),
  );
};

/** `f` of the elements at each index of the common shape. */
export const elementwise = (f: (...values: number[]) => number, ...arrays: readonly NdArray[]): NdArray =>
  tabulate(broadcast(...arrays), (index) => f(...arrays.map((array) => at(array, index))));

/** `f` of the elements along `axes`, which stay with length 1 or go. */
export const reduce = (
  x: NdArray,
  axes: readonly number[],
  keepdims: number,
  f: (values: number[]) => number,
): NdArray => {
  const rank = x.shape.length;
  const reduced = new Set(axes.map((axis) => (axis + rank) % rank));
  const kept = x.shape.map((length, axis) => (reduced.has(axis) ? 1 : length));
  const inner = x.shape.map((length, axis) => (reduced.has(axis) ? length : 1));
  const { data } = tabulate(kept, (start) =>
    f(
      Array.from({ length: sizeOf(inner) }, (_, flat) =>
        at(
          x,
          unravel(inner, flat).map((step, axis) => step + (start[axis] ?? 0)),
        ),
      ),
    ),
  );
  return { shape: keepdims ? kept : x.shape.filter((_, axis) => !reduced.has(axis)), data };
};

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The error function by its Taylor series, exact to 1e-13 for |x| < 3 and to 1e-8 beyond. */
export const erf = (x: number): number => {
  if (Math.abs(x) > 4) return Math.sign(x);
  let term = x;
  let total = x;
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
};
