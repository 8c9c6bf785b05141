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
