/** Element types of the tensors in a graph. */

/** ONNX's numbers of them (TensorProto.DataType). */
export const onnxTypeNumbers = { float32: 1, int32: 6, int64: 7, bool: 9, float16: 10 } as const;

export const bytesPerElement: Readonly<Record<keyof typeof onnxTypeNumbers, number>> = {
  float32: 4,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
};

/** Bytes of a tensor; undefined where a dimension is not a whole number >= 0, or the product is beyond 2^53. */
export const tensorBytes = (shape: readonly unknown[], elementBytes: number): number | undefined => {
  let elements = 1;
  let bytes = elementBytes;
  for (const dimension of shape) {
    if (typeof dimension !== "number" || !Number.isSafeInteger(dimension) || dimension < 0) return undefined;
    elements *= dimension;
    // A zero elsewhere must not hide an absurd dimension.
    bytes *= Math.max(1, dimension);
    if (!Number.isSafeInteger(bytes)) return undefined;
  }
  return elements * elementBytes;
};
