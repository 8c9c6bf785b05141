/** NumPy arrays in a pickle, as `numpy.ndarray.__reduce__` and `__reduce_ex__` write them. */
import { byteLength, type DType, dtypeNames, dtypes } from "./dtype.ts";
import { isKind, type PickleBytes, type PickleGlobal, type PickleObject, type PickleValue } from "./pickle-value.ts";

type Call = NonNullable<PickleGlobal["call"]>;

export interface PickledArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly isFortranOrder: boolean;
  /** The elements; as text, one byte is one character. */
  readonly data: PickleBytes | string;
}

const kept =
  (className: string): Call =>
  (args) => ({ kind: "object", className, items: [], args });

const array = "numpy.ndarray";
const elementType = "numpy.dtype";
const bufferArray = "numpy.ndarray of a buffer";
/** Protocol 2 has no bytes: Python 3 writes them as text to be encoded. */
const encodedText = "bytes";

/** NumPy 2 moved `numpy.core` to `numpy._core`. */
export const arrayCalls: Readonly<Record<string, Call>> = {
  "numpy.core.multiarray._reconstruct": kept(array),
  "numpy._core.multiarray._reconstruct": kept(array),
  "numpy.core.numeric._frombuffer": kept(bufferArray),
  "numpy._core.numeric._frombuffer": kept(bufferArray),
  "numpy.dtype": kept(elementType),
  "_codecs.encode": kept(encodedText),
};

const isObjectOf = (value: PickleValue | undefined, className: string): value is PickleObject =>
  isKind(value, "object") && value.className === className;

/** (type code, align, copy), and as state (version, byte order, ...). */
const readDType = (value: PickleValue | undefined): DType | undefined => {
  if (!isObjectOf(value, elementType)) return undefined;
  const code = value.args?.[0];
  const order = isKind(value.state, "tuple") ? value.state.items[1] : undefined;
  const isForeign = order === ">" || isKind(order, "bytes");
  return isForeign ? undefined : dtypeNames.find((name) => dtypes[name].numpy?.slice(1) === code);
};

const readData = (value: PickleValue | undefined): PickledArray["data"] | undefined => {
  if (isKind(value, "bytes")) return value;
  // Python 2's bytes that happen to be ASCII.
  const text = isObjectOf(value, encodedText) && value.args?.[1] === "latin1" ? value.args[0] : value;
  return typeof text === "string" ? text : undefined;
};

const toArray = (
  dtype: DType | undefined,
  shape: PickleValue | undefined,
  isFortranOrder: boolean,
  data: PickledArray["data"] | undefined,
): PickledArray | undefined => {
  if (dtype === undefined || data === undefined || !isKind(shape, "tuple")) return undefined;
  const lengths = shape.items.filter((length) => typeof length === "number");
  const isWhole = lengths.length === shape.items.length && byteLength(dtype, lengths) === data.length;
  return isWhole ? { dtype, shape: lengths, isFortranOrder, data } : undefined;
};

/** @returns undefined for an object that is no array, or one of Python objects, foreign byte order or another form */
export const readPickledArray = (object: PickleObject): PickledArray | undefined => {
  if (object.className === array && isKind(object.state, "tuple")) {
    const [, shape, dtype, isFortranOrder, data] = object.state.items;
    return toArray(readDType(dtype), shape, isFortranOrder === true, readData(data));
  }
  if (object.className !== bufferArray) return undefined;
  const [data, dtype, shape, order] = object.args ?? [];
  return order === "C" || order === "F" ? toArray(readDType(dtype), shape, order === "F", readData(data)) : undefined;
};
