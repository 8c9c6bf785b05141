/** Tensors as a file holds them, read only when they are needed. */

/** Element types of states and constants that the runtime touches. */
export type ElementType = "float32" | "int32" | "int64";

/** What holds tensors' values, to be read one by one. */
export interface DataFile {
  /** What messages call it: its path, if it has one. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** All of it, where it is in memory. */
  readonly bytes?: Uint8Array | undefined;
  /** Fills all of `target`. */
  readonly read: (target: Uint8Array, offset: number) => Promise<void>;
}

/** A tensor's values: in the graph file itself, at a place in its data file, or all zero. */
export type Storage =
  | { readonly kind: "inline"; readonly bytes: Uint8Array }
  | {
      readonly kind: "external";
      readonly file: DataFile;
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

/** Zeros of a type, so many. */
export const createData: Readonly<Record<ElementType, (count: number) => TensorData>> = {
  float32: (count) => new Float32Array(count),
  int32: (count) => new Int32Array(count),
  int64: (count) => new BigInt64Array(count),
};

export const isElementType = (type: string): type is ElementType => Object.hasOwn(createData, type);

/** Zeros of a tensor's type and size. */
export const zerosLike = ({ type, dims }: Pick<StoredTensor, "type" | "dims">): TensorData =>
  createData[type](elementCount(dims));

/** A tensor's values, read from the file straight into the array that is returned. */
export const readTensor = async (tensor: StoredTensor): Promise<TensorData> => {
  const data = zerosLike(tensor);
  const target = new Uint8Array(data.buffer);
  const { storage } = tensor;
  if (storage.kind === "inline") target.set(storage.bytes);
  if (storage.kind === "external") await storage.file.read(target, storage.offset);
  return data;
};

/** Reads of these tensors the one that is named. */
export const readerOf = (
  tensors: readonly StoredTensor[],
): ((name: string) => Promise<{ readonly data: TensorData }>) => {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return async (name) => {
    const tensor = byName.get(name);
    if (!tensor) throw new Error(`no tensor is called ${name}`);
    return { data: await readTensor(tensor) };
  };
};
