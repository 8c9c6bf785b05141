/** The element types of checkpoints: their width, their names in each format, and their conversion to float32. */
import { tensorBytes } from "../../artifact/element-types.ts";

export type DType =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "float8_e4m3fn"
  | "float8_e5m2"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint64"
  | "uint32"
  | "uint16"
  | "uint8"
  | "bool";

/** Of elements in a buffer, as the constructors of typed arrays take it. */
type Place = [elements: ArrayBufferLike, start: number, count: number];

interface DTypeRow {
  readonly bytes: number;
  readonly safetensors: string;
  /** The `descr` of a little-endian `.npy`; NumPy lacks some types. */
  readonly numpy: string | undefined;
  /** The class of a typed PyTorch storage; the types without one are kept in untyped storages. */
  readonly torchStorage: string | undefined;
  readonly toFloat32: (...place: Place) => Float32Array;
}

/** Bits of a float32 from those of a float16: same sign and mantissa, exponent re-biased from 15 to 127. */
const widenHalf = (bits: number): number => {
  const sign = (bits & 0x8000) << 16;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (mantissa << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (mantissa << 13);
  if (mantissa === 0) return sign;
  // Subnormal: shift the leading one out into the implicit bit.
  const shift = Math.clz32(mantissa) - 21;
  return sign | ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13);
};

/** Bits of a float32 from those of a float8 of 4 exponent bits, biased by 7, and 3 of mantissa, without infinities (OCP 8-bit floating point, 1.0). */
const widenE4m3fn = (bits: number): number => {
  const sign = (bits & 0x80) << 24;
  const magnitude = bits & 0x7f;
  if (magnitude === 0x7f) return sign | 0x7fc00000;
  if (magnitude >= 8) return sign | ((magnitude + (120 << 3)) << 20);
  if (magnitude === 0) return sign;
  const shift = Math.clz32(magnitude) - 28;
  return sign | ((121 - shift) << 23) | (((magnitude << shift) & 7) << 20);
};

/** The upper half of a float16. */
const widenE5m2 = (bits: number): number => widenHalf(bits << 8);

const fromBits =
  (Bits: new (...place: Place) => Uint8Array | Uint16Array, widen: (bits: number) => number): DTypeRow["toFloat32"] =>
  (...place) => {
    const narrow = new Bits(...place);
    const wide = new Uint32Array(narrow.length);
    for (let index = 0; index < wide.length; index += 1) wide[index] = widen(narrow[index] ?? 0);
    return new Float32Array(wide.buffer);
  };

export const dtypes: Readonly<Record<DType, DTypeRow>> = {
  float64: {
    bytes: 8,
    safetensors: "F64",
    numpy: "<f8",
    torchStorage: "Double",
    toFloat32: (...place) => new Float32Array(new Float64Array(...place)),
  },
  float32: {
    bytes: 4,
    safetensors: "F32",
    numpy: "<f4",
    torchStorage: "Float",
    toFloat32: (...place) => new Float32Array(...place),
  },
  float16: {
    bytes: 2,
    safetensors: "F16",
    numpy: "<f2",
    torchStorage: "Half",
    toFloat32: fromBits(Uint16Array, widenHalf),
  },
  bfloat16: {
    bytes: 2,
    safetensors: "BF16",
    // NumPy has no bfloat16: JAX's arrays are saved as two opaque bytes.
    numpy: "|V2",
    torchStorage: "BFloat16",
    toFloat32: fromBits(Uint16Array, (bits) => bits << 16),
  },
  float8_e4m3fn: {
    bytes: 1,
    safetensors: "F8_E4M3",
    numpy: undefined,
    torchStorage: undefined,
    toFloat32: fromBits(Uint8Array, widenE4m3fn),
  },
  float8_e5m2: {
    bytes: 1,
    safetensors: "F8_E5M2",
    numpy: undefined,
    torchStorage: undefined,
    toFloat32: fromBits(Uint8Array, widenE5m2),
  },
  int64: {
    bytes: 8,
    safetensors: "I64",
    numpy: "<i8",
    torchStorage: "Long",
    toFloat32: (...place) => Float32Array.from(new BigInt64Array(...place), Number),
  },
  int32: {
    bytes: 4,
    safetensors: "I32",
    numpy: "<i4",
    torchStorage: "Int",
    toFloat32: (...place) => new Float32Array(new Int32Array(...place)),
  },
  int16: {
    bytes: 2,
    safetensors: "I16",
    numpy: "<i2",
    torchStorage: "Short",
    toFloat32: (...place) => new Float32Array(new Int16Array(...place)),
  },
  int8: {
    bytes: 1,
    safetensors: "I8",
    numpy: "|i1",
    torchStorage: "Char",
    toFloat32: (...place) => new Float32Array(new Int8Array(...place)),
  },
  uint64: {
    bytes: 8,
    safetensors: "U64",
    numpy: "<u8",
    torchStorage: undefined,
    toFloat32: (...place) => Float32Array.from(new BigUint64Array(...place), Number),
  },
  uint32: {
    bytes: 4,
    safetensors: "U32",
    numpy: "<u4",
    torchStorage: undefined,
    toFloat32: (...place) => new Float32Array(new Uint32Array(...place)),
  },
  uint16: {
    bytes: 2,
    safetensors: "U16",
    numpy: "<u2",
    torchStorage: undefined,
    toFloat32: (...place) => new Float32Array(new Uint16Array(...place)),
  },
  uint8: {
    bytes: 1,
    safetensors: "U8",
    numpy: "|u1",
    torchStorage: "Byte",
    toFloat32: (...place) => new Float32Array(new Uint8Array(...place)),
  },
  bool: {
    bytes: 1,
    safetensors: "BOOL",
    numpy: "|b1",
    torchStorage: "Bool",
    toFloat32: (...place) => new Float32Array(new Uint8Array(...place)),
  },
};

export const dtypeNames = Object.keys(dtypes) as readonly DType[];

/** Little-endian elements as float32; `bytes` starts at a multiple of 8 in its buffer, and a float32 tensor is not copied. */
export const toFloat32 = (dtype: DType, { buffer, byteOffset, byteLength }: Uint8Array): Float32Array =>
  dtypes[dtype].toFloat32(buffer, byteOffset, byteLength / dtypes[dtype].bytes);

/** Bytes of a tensor, or undefined where a dimension is not a whole number >= 0 or the product is beyond 2^53. */
export const byteLength = (dtype: DType, shape: readonly unknown[]): number | undefined =>
  tensorBytes(shape, dtypes[dtype].bytes);
