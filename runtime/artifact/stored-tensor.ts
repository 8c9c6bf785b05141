/** Tensors as a file holds them, read only when they are needed. */
import { type FileHandle, open } from "node:fs/promises";

/** Element types of states and constants that the runtime touches. */
export type ElementType = "float32" | "int32" | "int64";

/** A tensor's values: in the graph file itself, at a place in its data file, or all zero. */
export type Storage =
  | { readonly kind: "inline"; readonly bytes: Uint8Array }
  | {
      readonly kind: "external";
      readonly path: string;
      readonly offset: number;
      /** Of the whole data file, where the graph tells it. */
      readonly checksum?: string | undefined;
    }
  | { readonly kind: "zeros" };

export interface StoredTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly storage: Storage;
}

export type TensorData = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>;

/** Elements of a tensor with these dimensions. */
export const elementCount = (dims: readonly number[]): number => dims.reduce((count, dim) => count * dim, 1);

const createData: Readonly<Record<ElementType, (count: number) => TensorData>> = {
  float32: (count) => new Float32Array(count),
  int32: (count) => new Int32Array(count),
  int64: (count) => new BigInt64Array(count),
};

export const isElementType = (type: string): type is ElementType => Object.hasOwn(createData, type);

/** Zeros of a tensor's type and size. */
export const zerosLike = ({ type, dims }: Pick<StoredTensor, "type" | "dims">): TensorData =>
  createData[type](elementCount(dims));

/** Reads are at most 2 GiB each on Linux. */
const chunkBytes = 2 ** 30;

const readFully = async (file: FileHandle, target: Uint8Array, offset: number): Promise<void> => {
  for (let done = 0; done < target.length;) {
    const { bytesRead } = await file.read(target, done, Math.min(chunkBytes, target.length - done), offset + done);
    if (bytesRead === 0) throw new Error("the data file became shorter while it was read");
    done += bytesRead;
  }
};

/** A tensor's values, read from the file straight into the array that is returned. */
export const readTensor = async (tensor: StoredTensor): Promise<TensorData> => {
  const data = zerosLike(tensor);
  const target = new Uint8Array(data.buffer);
  const { storage } = tensor;
  if (storage.kind === "inline") target.set(storage.bytes);
  if (storage.kind !== "external") return data;
  const file = await open(storage.path);
  try {
    await readFully(file, target, storage.offset);
  } finally {
    await file.close();
  }
  return data;
};
