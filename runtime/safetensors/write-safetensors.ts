/** Writes `.safetensors`, one tensor in memory at a time; the file appears whole or not at all. */
import { bytesPerElement } from "../../compiler/artifact/element-types.ts";
import { createHash, type Hash } from "node:crypto";
import { rename } from "node:fs/promises";
import { elementCount, type ElementType } from "../artifact/stored-tensor.ts";
import { replaceFile, type TemporaryFile, writeFully } from "../files/temporary-file.ts";
import { blankSeal, sealOffset } from "./seal.ts";

type Values = Float32Array | Int32Array | BigInt64Array;

export interface WritableTensor {
  readonly name: string;
  /** Default float32. */
  readonly type?: ElementType;
  readonly shape: readonly number[];
  /** As many values as the shape has, row-major. */
  readonly read: () => Values | Promise<Values>;
}

/** The format's names of element types. */
export const dtypes: Readonly<Record<ElementType, string>> = { float32: "F32", int32: "I32", int64: "I64" };

/** The data starts at a multiple of this; the header is padded with spaces. */
const alignmentBytes = 8;

const byteLength = ({ type = "float32", shape }: WritableTensor): number => bytesPerElement[type] * elementCount(shape);

const encodeHeader = (tensors: readonly WritableTensor[], metadata: Readonly<Record<string, string>>): Buffer => {
  let begin = 0;
  const fields = tensors.map((tensor) => {
    const { name, type = "float32", shape } = tensor;
    const end = begin + byteLength(tensor);
    const field = [name, { dtype: dtypes[type], shape, data_offsets: [begin, end] }] as const;
    begin = end;
    return field;
  });
  const json = Buffer.from(JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(fields) }));
  const header = Buffer.alloc(8 + Math.ceil(json.length / alignmentBytes) * alignmentBytes, " ");
  header.writeBigUInt64LE(BigInt(header.length - 8));
  json.copy(header, 8);
  return header;
};

const writeTensors = async (
  { file }: TemporaryFile,
  header: Buffer,
  tensors: readonly WritableTensor[],
  hash?: Hash,
): Promise<void> => {
  await writeFully(file, header, 0);
  hash?.update(header);
  let offset = header.length;
  for (const tensor of tensors) {
    const { buffer, byteOffset, byteLength: length } = await tensor.read();
    if (length !== byteLength(tensor)) {
      throw new Error(`${tensor.name} has ${length} bytes; its shape needs ${byteLength(tensor)}`);
    }
    const bytes = new Uint8Array(buffer, byteOffset, length);
    const writing = writeFully(file, bytes, offset);
    hash?.update(bytes); // while the system writes
    await writing;
    offset += length;
  }
};

/** Keeps what is to be replaced under another name, once its successor is on the disk: one of the two is whole at any time. */
const setAside = async ({ file, target }: TemporaryFile, previous: string): Promise<void> => {
  await file.sync();
  await rename(target, previous).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
};

/**
 * @param tensors of different names; written by name, as the reference implementation does
 * @param metadata kept in the header; tools of Hugging Face want `{ format: "pt" }`
 * @param previous where the file that this one replaces stays; given, the file gets a seal for `requireSeal`
 * @throws the file system's error; `path` is then as it was
 */
export const writeSafetensors = async (
  path: string,
  tensors: readonly WritableTensor[],
  metadata: Readonly<Record<string, string>>,
  previous?: string,
): Promise<void> => {
  const ordered = [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
  await replaceFile(path, async (temporary) => {
    if (previous === undefined) return writeTensors(temporary, encodeHeader(ordered, metadata), ordered);
    const hash = createHash("sha256");
    await writeTensors(temporary, encodeHeader(ordered, { ...blankSeal, ...metadata }), ordered, hash);
    await writeFully(temporary.file, Buffer.from(hash.digest("hex")), sealOffset);
    await setAside(temporary, previous);
  });
};
