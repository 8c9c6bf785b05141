/** Elements of a strided view, copied into C order. */

/** Strides of a C-ordered tensor, in elements. */
export const contiguousStrides = (shape: readonly number[]): number[] => {
  const strides: number[] = [];
  let stride = 1;
  for (const dimension of shape.toReversed()) {
    strides.push(stride);
    stride *= Math.max(1, dimension);
  }
  return strides.toReversed();
};

/** The same of a tensor in C or in Fortran order. */
export const orderedStrides = (shape: readonly number[], isFortranOrder: boolean): number[] =>
  isFortranOrder ? contiguousStrides(shape.toReversed()).toReversed() : contiguousStrides(shape);

/** Elements from a view's first to its last, both counted; 0 for a view without elements. */
export const viewSpan = (shape: readonly number[], strides: readonly number[]): number =>
  shape.includes(0) ? 0 : shape.reduce((last, dimension, axis) => last + (dimension - 1) * (strides[axis] ?? 0), 1);

export const isContiguous = (shape: readonly number[], strides: readonly number[]): boolean => {
  const expected = contiguousStrides(shape);
  return shape.includes(0) || shape.every((dimension, axis) => dimension === 1 || strides[axis] === expected[axis]);
};

type Units = Uint8Array | Uint16Array | Uint32Array;

const asUnits = (bytes: Uint8Array, unitBytes: number): Units => {
  const isAligned = bytes.byteOffset % unitBytes === 0;
  const { buffer, byteOffset, byteLength } = isAligned ? bytes : Uint8Array.from(bytes);
  if (unitBytes === 1) return new Uint8Array(buffer, byteOffset, byteLength);
  return unitBytes === 2
    ? new Uint16Array(buffer, byteOffset, byteLength / 2)
    : new Uint32Array(buffer, byteOffset, byteLength / 4);
};

/**
 * @param bytes the span of the view, from its first element to its last
 * @param strides in elements, >= 0
 */
export const gatherView = (
  bytes: Uint8Array,
  elementBytes: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array => {
  if (isContiguous(shape, strides)) return bytes;
  // An eight-byte element is two units of four: one more, innermost axis.
  const unitBytes = Math.min(elementBytes, 4);
  const unitsPerElement = elementBytes / unitBytes;
  const extents = [...shape, unitsPerElement];
  const steps = [...strides.map((stride) => stride * unitsPerElement), 1];
  // Axes of one element are never stepped along.
  const axes = extents.flatMap((extent, axis) => (extent > 1 ? [{ extent, step: steps[axis] ?? 0 }] : []));
  const inner = axes.pop() ?? { extent: 1, step: 1 };
  const source = asUnits(bytes, unitBytes);
  const gathered = new Uint8Array(extents.reduce((product, extent) => product * extent, unitBytes));
  const target = asUnits(gathered, unitBytes);
  const index = axes.map(() => 0);
  for (let written = 0, row = 0; written < target.length; written += inner.extent) {
    for (let column = 0; column < inner.extent; column += 1) {
      target[written + column] = source[row + column * inner.step] ?? 0;
    }
    for (let axis = axes.length - 1; axis >= 0; axis -= 1) {
      const { extent, step } = axes[axis] ?? { extent: 1, step: 0 };
      const next = (index[axis] ?? 0) + 1;
      row += step;
      index[axis] = next;
      if (next < extent) break;
      row -= step * extent;
      index[axis] = 0;
    }
  }
  return gathered;
};
