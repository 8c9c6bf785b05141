/** What every checkpoint reader returns: named tensors that are read from the file on demand. */
import { type DType, toFloat32 } from "./dtype.ts";

export interface Checkpoint {
  readonly format: "pytorch" | "safetensors" | "npz" | "onnx" | "onnx-checkpoint" | "sharded";
  /** By name, in the file's order. PyTorch names are dotted paths through the dictionaries around a state dict: `model.head.weight`. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** The Python classes of objects that are no tensors and were not made, by dotted path. */
  readonly objects: ReadonlyMap<string, string>;
  /** The file's plain values (safetensors metadata, a PyTorch dictionary's numbers and strings), as text by dotted path. */
  readonly metadata: ReadonlyMap<string, string>;
}

export interface TensorEntry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The elements in C order, little endian; throws CheckpointError where the file's bytes turn out to be corrupt. */
  readonly read: () => Uint8Array;
  /** The elements in C order, each the float32 nearest to what is stored. */
  readonly readFloat32: () => Float32Array;
}

/** Bytes in a plain array that owns its whole buffer: neither a Buffer nor a part of zlib's. */
const owned = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? new Uint8Array(bytes.buffer) : Uint8Array.from(bytes);

export const tensorEntry = (
  name: string,
  dtype: DType,
  shape: readonly number[],
  read: () => Uint8Array,
): TensorEntry => ({
  name,
  dtype,
  shape,
  read: () => owned(read()),
  readFloat32: () => toFloat32(dtype, owned(read())),
});
