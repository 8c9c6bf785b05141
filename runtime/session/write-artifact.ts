/** Writes a trained graph: the artifact it came from, with other parameters. */
import { rm } from "node:fs/promises";
import { basename } from "node:path";
import onnxProto, { type onnx } from "onnx-proto";
import { UserError } from "../user-error.ts";
import type { Artifact } from "./read-artifact.ts";
import type { StoredTensor } from "./stored-tensor.ts";
import { commit, discard, openTemporary, type TemporaryFile, writeFully } from "./temporary-file.ts";
import type { Tensors } from "./training-session.ts";

/** Data files are mapped into memory by page. */
const alignment = 4096;

const writeReasons: Readonly<Record<string, string>> = {
  ENOENT: "its folder does not exist",
  ENOTDIR: "its folder is a file",
  EISDIR: "it is a folder",
  EACCES: "its folder is not writable",
  EPERM: "its folder is not writable",
  EROFS: "its file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be larger than the system allows",
};

/** What went wrong with a write, for people; undefined where it is not the user's to solve. */
export const writeFailure = (path: string, error: unknown): UserError | undefined => {
  const { code = "" } = error as NodeJS.ErrnoException;
  const reason = writeReasons[code];
  return reason === undefined ? undefined : new UserError(`cannot write ${path}: ${reason}`);
};

const bytesOf = (values: Tensors, name: string): Uint8Array => {
  const data = values[name]?.data;
  if (data instanceof Float32Array) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw new Error(`${name} has no float32 values to write`);
};

/** The parameters of a data file with their places in it, each at the start of a page. */
const layOut = (parameters: readonly StoredTensor[], values: Tensors): Map<string, [number, Uint8Array]> => {
  let end = 0;
  return new Map(
    parameters.map(({ name }) => {
      const bytes = bytesOf(values, name);
      const offset = Math.ceil(end / alignment) * alignment;
      end = offset + bytes.length;
      return [name, [offset, bytes]];
    }),
  );
};

/**
 * Writes the artifact with these parameters; its training program starts afresh from them.
 * The files appear whole or not at all, the data file first.
 * @param values at least every parameter, by name
 * @throws UserError when the disk is full or the path cannot be written
 */
export const writeArtifact = async ({ model, parameters }: Artifact, path: string, values: Tensors): Promise<void> => {
  const dataPath = `${path}.data`;
  const external = layOut(
    parameters.filter(({ storage }) => storage.kind === "external"),
    values,
  );
  const inline = new Set(parameters.filter(({ storage }) => storage.kind === "inline").map(({ name }) => name));

  const withValues = (tensor: onnx.ITensorProto): onnx.ITensorProto => {
    const name = tensor.name ?? "";
    const [offset, bytes] = external.get(name) ?? [];
    if (bytes) {
      const place = { location: basename(dataPath), offset, length: bytes.length };
      return { ...tensor, externalData: Object.entries(place).map(([key, value]) => ({ key, value: String(value) })) };
    }
    return inline.has(name) ? { ...tensor, rawData: bytesOf(values, name) } : tensor;
  };
  const { graph } = model;
  const encoded = onnxProto.onnx.ModelProto.encode({
    ...model,
    graph: { ...graph, initializer: (graph?.initializer ?? []).map(withValues) },
  }).finish();

  const opened: TemporaryFile[] = [];
  const openNext = async (target: string): Promise<TemporaryFile> => {
    const temporary = await openTemporary(target);
    opened.push(temporary);
    return temporary;
  };
  try {
    if (external.size > 0) {
      const { file } = await openNext(dataPath);
      for (const [offset, bytes] of external.values()) await writeFully(file, bytes, offset);
    }
    const { file } = await openNext(path);
    await writeFully(file, encoded, 0);
    for (const temporary of opened) await commit(temporary);
    if (external.size === 0) await rm(dataPath, { force: true });
  } catch (error) {
    for (const temporary of opened) await discard(temporary);
    throw writeFailure(path, error) ?? error;
  }
};
