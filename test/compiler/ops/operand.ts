/** Operands of the operator samples: types as the graph declares them, with values. */
import { Tensor } from "../../onnxruntime.ts";
import { float16Bits } from "../../../compiler/ir/float16-bits.ts";
import { type Dim, evaluate, type Lengths, printDim } from "../../../compiler/artifact/dim.ts";
import type { DType, TensorType } from "../../../compiler/ir/graph.ts";
import { dtypes } from "../../../compiler/weights/readers/dtype.ts";
import { generateTensor } from "../../golden-data/deterministic-tensor.ts";
import { type NdArray, sizeOf } from "./nd-array.ts";

export interface Operand {
  readonly type: TensorType;
  readonly array: NdArray;
}

/** In every sample. */
const lengths: Lengths = { batch: 2, samples: 7 };
export const lengthOf = (dim: Dim): number => evaluate(dim, lengths);

const operand = (dtype: DType, shape: readonly Dim[], values: Iterable<number>): Operand => {
  const concrete = shape.map(lengthOf);
  const data = Float64Array.from(values);
  if (data.length !== sizeOf(concrete)) throw new Error(`[${concrete.join(", ")}] does not hold ${data.length} values`);
  return { type: { dtype, shape }, array: { shape: concrete, data } };
};

/** Pseudo-random values in offset +- scale; operands that differ in shape, scale or offset differ in values. */
export const float = (shape: readonly Dim[], scale = 1, offset = 0): Operand => {
  const key = `${shape.map(printDim).join("x")}/${scale}/${offset}`;
  return operand("float32", shape, generateTensor(key, sizeOf(shape.map(lengthOf)), scale, offset));
};

/** Given values, as float32 rounds them. */
export const floats = (shape: readonly Dim[], values: readonly number[]): Operand =>
  operand("float32", shape, Float32Array.from(values));

/** Given values, which float16 must hold. */
export const halves = (shape: readonly Dim[], values: readonly number[]): Operand => operand("float16", shape, values);

export const integers = (dtype: "int32" | "int64", shape: readonly Dim[], values: readonly number[]): Operand =>
  operand(dtype, shape, values);

export const booleans = (shape: readonly Dim[], values: readonly boolean[]): Operand =>
  operand("bool", shape, values.map(Number));

const encoders: { readonly [Type in DType]: (data: Float64Array) => Tensor.DataType } = {
  float32: (data) => Float32Array.from(data),
  float16: (data) => Uint16Array.from(data, (value) => float16Bits(value) ?? NaN),
  int32: (data) => Int32Array.from(data),
  int64: (data) => BigInt64Array.from(data, (value) => BigInt(value)),
  bool: (data) => Uint8Array.from(data),
};

export const toTensor = ({ type: { dtype }, array: { shape, data } }: Operand): Tensor =>
  new Tensor(dtype, encoders[dtype](data), shape);

/** A tensor's values as numbers. */
export const toNumbers = ({ type, data }: Tensor): readonly number[] => {
  const isHalf = type === "float16" && data instanceof Uint16Array;
  const values = isHalf ? dtypes.float16.toFloat32(data.buffer, data.byteOffset, data.length) : data;
  return Array.from(values as ArrayLike<number | bigint | boolean>, Number);
};
