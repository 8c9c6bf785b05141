/** Reader of NumPy's .npy files, C order, little endian. */
import { readFileSync } from "node:fs";

const readers = {
  "<f4": (buffer: ArrayBuffer) => new Float32Array(buffer),
  "<f8": (buffer: ArrayBuffer) => new Float64Array(buffer),
  "|i1": (buffer: ArrayBuffer) => new Int8Array(buffer),
  "<i8": (buffer: ArrayBuffer) => new BigInt64Array(buffer),
} as const;

type Dtype = keyof typeof readers;
const isDtype = (name: string | undefined): name is Dtype => name !== undefined && Object.hasOwn(readers, name);

/** The numbers of an .npy file as they are stored. */
export interface NpyArray<Data = ReturnType<(typeof readers)[Dtype]>> {
  readonly shape: readonly number[];
  readonly data: Data;
}

/**
 * Reads float32, float64, int8 and int64 arrays (format version 1).
 * @throws when the file has another element type or order.
 */
export const readNpy = (path: string): NpyArray => {
  const bytes = readFileSync(path);
  const dataStart = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString("latin1", 10, dataStart);
  const dtype = /'descr': '([^']+)'/.exec(header)?.[1];
  const shape = /'shape': \(([^)]*)\)/.exec(header)?.[1];
  if (!isDtype(dtype) || shape === undefined || header.includes("'fortran_order': True")) {
    throw new Error(`${path}: cannot read an array with the header ${header.trim()}`);
  }
  return {
    shape: shape
      .split(",")
      .filter((size) => size.trim() !== "")
      .map(Number),
    // A copy, because typed arrays need aligned offsets.
    data: readers[dtype](new Uint8Array(bytes.subarray(dataStart)).buffer),
  };
};

/**
 * Reads a float32 or float64 array.
 * @throws when the file holds integers.
 */
export const readFloatNpy = (path: string): NpyArray<Float32Array | Float64Array> => {
  const { shape, data } = readNpy(path);
  if (data instanceof Float32Array || data instanceof Float64Array) return { shape, data };
  throw new Error(`${path}: holds integers, expected floats`);
};
