/** Writes a trained graph: the artifact it came from, with other parameters. */
import { rm } from "node:fs/promises";
import { basename } from "node:path";
import onnxProto, { type onnx } from "onnx-proto";
import type { Tensor } from "./onnxruntime.ts";
import { UserError } from "../user-error.ts";
import type { Artifact } from "./read-artifact.ts";
import { bytesPerElement, elementCount, type StoredTensor } from "./stored-tensor.ts";
import { commit, discard, openTemporary, type TemporaryFile, writeFully } from "./temporary-file.ts";

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

type Read = (name: string) => Promise<Tensor>;

const readBytes = async (read: Read, name: string): Promise<Uint8Array> => {
  const { data } = await read(name);
  if (data instanceof Float32Array) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw new Error(`${name} has no float32 values to write`);
};

interface Place {
  readonly offset: number;
  readonly length: number;
}

/** The places of parameters in a data file, each at the start of a page. */
const layOut = (parameters: readonly StoredTensor[]): Map<string, Place> => {
  let end = 0;
  return new Map(
    parameters.map(({ name, type, dims }) => {
      const offset = Math.ceil(end / alignment) * alignment;
      const length = elementCount(dims) * bytesPerElement[type];
      end = offset + length;
      return [name, { offset, length }];
    }),
  );
};

/**
 * Writes the artifact with these parameters; its training program starts afresh from them.
 * The files appear whole or not at all, the data file first.
 * @param read a parameter's values on the host; asked for one at a time
 * @throws UserError when the disk is full or the path cannot be written
 */
export const writeArtifact = async ({ model, parameters }: Artifact, path: string, read: Read): Promise<void> => {
  const dataPath = `${path}.data`;
  const external = layOut(parameters.filter(({ storage }) => storage.kind === "external"));
  const inline = new Map<string, Uint8Array>();
  for (const { name, storage } of parameters) {
    if (storage.kind === "inline") inline.set(name, await readBytes(read, name));
  }

  const withValues = (tensor: onnx.ITensorProto): onnx.ITensorProto => {
    const name = tensor.name ?? "";
    const [place, rawData] = [external.get(name), inline.get(name)];
    if (rawData) return { ...tensor, rawData };
    if (!place) return tensor;
    const entries = Object.entries({ location: basename(dataPath), ...place });
    return { ...tensor, externalData: entries.map(([key, value]) => ({ key, value: String(value) })) };
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
      for (const [name, { offset }] of external) await writeFully(file, await readBytes(read, name), offset);
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
