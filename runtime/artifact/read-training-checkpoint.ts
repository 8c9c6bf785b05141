/** The checkpoint of ONNX Runtime's training API, as `compile --artifacts` writes it and an application saves it. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { bytesPerElement, onnxTypeNumbers, tensorBytes } from "../../compiler/artifact/element-types.ts";
import { parseMetadata } from "../../compiler/artifact/metadata.ts";
import {
  ortCheckpointIdentifier,
  type OrtCheckpoint,
  type OrtCheckpointTensor,
  readOrtCheckpoint,
} from "../../compiler/artifact/ort-checkpoint.ts";
import { UserError } from "../user-error.ts";
import { type Artifact, damaged } from "./decode-artifact.ts";
import { openDataFile } from "./open-data-file.ts";
import type { DataFile, StoredTensor } from "./stored-tensor.ts";

/** Parameters and what is told of them; the model of a checkpoint has no graph that computes with them. */
export type Parameters = Pick<Artifact, "path" | "metadata" | "model" | "parameters" | "dataFiles">;

/** What `use` makes of a file that can be read by ranges. */
const withFile = <Result>(
  path: string,
  use: (read: (offset: number, length: number) => Uint8Array) => Result,
): Result => {
  const file = openSync(path, "r");
  try {
    return use((offset, length) => {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
    });
  } finally {
    closeSync(file);
  }
};

/** Whether a file begins as such a checkpoint does; false where it cannot be read, which is told by who reads it as a graph. */
export const isTrainingCheckpoint = (path: string): boolean => {
  try {
    if (!statSync(path).isFile()) return false;
    return withFile(path, (read) => new TextDecoder("latin1").decode(read(4, 4)) === ortCheckpointIdentifier);
  } catch {
    return false;
  }
};

const toStoredTensor = (
  file: DataFile,
  { name, dataType, shape, offset, bytes }: OrtCheckpointTensor,
): StoredTensor => {
  const { path } = file;
  if (dataType !== onnxTypeNumbers.float32)
    throw new UserError("element-type-unknown", { path, tensor: name }, `${name} is not of float32`);
  if (tensorBytes(shape, bytesPerElement.float32) !== bytes)
    throw damaged(path, `${name} has ${bytes} bytes, which its shape [${shape.join(", ")}] has not`);
  return { name, type: "float32", dims: shape, storage: { kind: "external", file, offset } };
};

/** @throws UserError where the file is damaged or cut short, of another version, or not of a specgraph model */
export const readTrainingCheckpoint = (path: string): Parameters => {
  const { size } = statSync(path);
  const { tensors, properties } = withFile(path, (read): OrtCheckpoint =>
    readOrtCheckpoint({ size, read }, (what) => {
      throw new UserError("file-damaged", { path }, `the file ${what}`);
    }),
  );
  const metadataProps = [...properties].map(([key, value]) => ({ key, value }));
  const metadata = parseMetadata(metadataProps);
  if (typeof metadata === "string")
    throw new UserError("graph-unsupported", { path }, `not a checkpoint that this runtime reads: ${metadata}`);
  const file = openDataFile(path, size);
  const parameters = tensors.map((tensor) => toStoredTensor(file, tensor));
  return { path, metadata, model: { metadataProps }, parameters, dataFiles: [] };
};
