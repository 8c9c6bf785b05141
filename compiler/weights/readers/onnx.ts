/** Our own `graph.onnx` as a checkpoint. */
import { dirname, join } from "node:path";
import { onnxTypeNumbers } from "../../artifact/element-types.ts";
import { locateValues, type Place } from "../../artifact/external-data.ts";
import { checksumOf, isBeside } from "../../artifact/files/data-file.ts";
import { decodeOnnx, type onnx, replacedBy } from "../../artifact/onnx.ts";
import { type ByteSource, byteSource } from "./byte-source.ts";
import { type Checkpoint, type TensorEntry, tensorEntry } from "./checkpoint.ts";
import { CheckpointError, refuseAt } from "./checkpoint-error.ts";
import { byteLength } from "./dtype.ts";
import { readProperty } from "./read-property.ts";

const decode = (source: ByteSource): onnx.ModelProto => {
  try {
    return decodeOnnx(source.read(0, source.size));
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(source.path, "is not an ONNX file, or cut short");
  }
};

/** Whether a data file is the one that a graph was written with, found out once. */
const createProof = (): ((path: string, checksum: string) => boolean) => {
  const checksums = new Map<string, string>();
  return (path, checksum) => {
    const found = checksums.get(path) ?? checksumOf(path);
    checksums.set(path, found);
    return found === checksum;
  };
};

const readExternal = (graphPath: string, place: Place, isProven: ReturnType<typeof createProof>): Uint8Array => {
  const dataPath = join(dirname(graphPath), place.location);
  const bytes = byteSource(dataPath).read(place.offset, place.length);
  if (!isBeside(graphPath, dataPath))
    throw new CheckpointError(dataPath, "is a link to another folder; copy the file there");
  if (place.checksum === undefined || isProven(dataPath, place.checksum)) return bytes;
  throw new CheckpointError(
    dataPath,
    `is not the data that ${graphPath} was written with; copy the two files together, or compile again`,
  );
};

/** The parameters of a compiled or trained graph. @throws CheckpointError where the file is broken or has none. */
export const readGraphCheckpoint = (source: ByteSource): Checkpoint => {
  const model = decode(source);
  const metadata = new Map(model.metadataProps.map(({ key, value }) => [key ?? "", value ?? ""]));
  const frozen = readProperty(metadata, source.path, "frozen") ?? [];
  const trained = new Set<string | null | undefined>([...replacedBy(model), ...frozen]);
  const parameters = (model.graph?.initializer ?? []).filter(
    ({ name, dataType }) => trained.has(name) && dataType === onnxTypeNumbers.float32,
  );
  if (parameters.length === 0) {
    throw new CheckpointError(source.path, "is an ONNX file without trainable parameters, not a graph of specgraph");
  }
  const tensors = new Map<string, TensorEntry>();
  const isProven = createProof();
  for (const tensor of parameters) {
    const name = tensor.name ?? "";
    if (tensors.has(name)) throw new CheckpointError(source.path, `has two tensors named "${name}"`);
    const refuse = refuseAt(source.path, `tensor "${name}"`);
    const shape = (tensor.dims ?? []).map(Number);
    const length = byteLength("float32", shape) ?? refuse(`has an impossible shape [${shape.join(", ")}]`);
    const read = (): Uint8Array => {
      const values = locateValues(tensor, length);
      if (typeof values === "string") return refuse(values);
      return values.kind === "inline" ? values.bytes : readExternal(source.path, values.place, isProven);
    };
    tensors.set(name, tensorEntry(name, "float32", shape, read));
  }
  return {
    format: "onnx",
    tensors,
    objects: new Map(),
    metadata,
  };
};
