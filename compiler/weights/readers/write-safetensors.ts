/** Writes `.safetensors`, one tensor in memory at a time, to a temporary file that replaces the target when it is complete. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import type { TensorEntry } from "./checkpoint.ts";
import { CheckpointError } from "./checkpoint-error.ts";
import { byteLength, dtypes } from "./dtype.ts";
import { nameProblem } from "./name-problem.ts";

export type WritableTensor = Pick<TensorEntry, "name" | "dtype" | "shape" | "read">;

/** The data starts at a multiple of this; the header is padded with spaces. */
const alignmentBytes = 8;
/** One writeSync transfers less than 2^31 bytes. */
const bytesPerCall = 2 ** 30;

/** Widest elements first, then by name, as the reference implementation orders them: so every tensor is aligned to its elements. */
const inFileOrder = (tensors: readonly WritableTensor[]): WritableTensor[] =>
  [...tensors].sort(
    (a, b) => dtypes[b.dtype].bytes - dtypes[a.dtype].bytes || (a.name < b.name ? -1 : Number(a.name > b.name)),
  );

const header = (
  path: string,
  tensors: readonly WritableTensor[],
  metadata: Readonly<Record<string, string>>,
): Buffer => {
  // A null prototype, so that a tensor may have any name.
  const fields: Record<string, unknown> = Object.assign(Object.create(null), { __metadata__: metadata });
  let begin = 0;
  for (const { name, dtype, shape } of tensors) {
    const problem = nameProblem(name) ?? (name in fields ? `the name "${name}" is taken` : undefined);
    if (problem !== undefined) throw new CheckpointError(path, `a tensor cannot be written: ${problem}`);
    const bytes = byteLength(dtype, shape);
    if (bytes === undefined) {
      throw new CheckpointError(path, `tensor "${name}" has an impossible shape [${shape.join(", ")}]`);
    }
    fields[name] = { dtype: dtypes[dtype].safetensors, shape, data_offsets: [begin, begin + bytes] };
    begin += bytes;
  }
  const json = Buffer.from(JSON.stringify(fields));
  const padded = Buffer.alloc(Math.ceil(json.length / alignmentBytes) * alignmentBytes, " ");
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded]);
};

const writeAll = (descriptor: number, bytes: Uint8Array): void => {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(descriptor, bytes, done, Math.min(bytes.length - done, bytesPerCall));
  }
};

const writeFile = (path: string, descriptor: number, head: Buffer, tensors: readonly WritableTensor[]): void => {
  writeAll(descriptor, head);
  for (const { name, dtype, shape, read } of tensors) {
    const bytes = read();
    const expected = byteLength(dtype, shape);
    if (bytes.length !== expected) {
      throw new CheckpointError(path, `tensor "${name}" has ${bytes.length} bytes; its shape needs ${expected}`);
    }
    writeAll(descriptor, bytes);
  }
  fsyncSync(descriptor);
};

/**
 * Writes tensors, reading each when its turn comes.
 * @param metadata kept in the header; tools of Hugging Face want `{ format: "pt" }`
 * @throws CheckpointError where a tensor has an impossible name or size, or the disk refuses; the target is then as it was.
 */
export const writeSafetensors = (
  path: string,
  tensors: readonly WritableTensor[],
  metadata: Readonly<Record<string, string>> = {},
): void => {
  const ordered = inFileOrder(tensors);
  const head = header(path, ordered, metadata);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const descriptor = openSync(temporary, "w");
    try {
      writeFile(path, descriptor, head, ordered);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new CheckpointError(path, `cannot be written (${String(error.code)})`);
  }
};
