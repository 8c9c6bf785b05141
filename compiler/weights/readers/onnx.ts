/** Our own `graph.onnx` as a checkpoint. */
import { dirname, join } from "node:path";
import onnxProto, { type onnx } from "onnx-proto";
import * as v from "valibot";
import { frozenKey } from "../../artifact/metadata.ts";
import { checksumOf, isBeside, parsePlace } from "../../artifact/external-data.ts";
import { type ByteSource, byteSource } from "./byte-source.ts";
import { type Checkpoint, type TensorEntry, tensorEntry } from "./checkpoint.ts";
import { CheckpointError, type Refuse, refuseAt } from "./checkpoint-error.ts";
import { byteLength } from "./dtype.ts";

const { DataLocation, DataType } = onnxProto.onnx.TensorProto;

const decode = (source: ByteSource): onnx.ModelProto => {
  try {
    return onnxProto.onnx.ModelProto.decode(source.read(0, source.size));
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(source.path, "is not an ONNX file, or cut short");
  }
};

const readInline = ({ rawData }: onnx.ITensorProto, length: number, refuse: Refuse): Uint8Array => {
  const bytes = rawData ?? new Uint8Array();
  return bytes.length === length ? bytes : refuse(`has ${bytes.length} bytes; its shape needs ${length}`);
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

const readExternal = (
  graphPath: string,
  { externalData }: onnx.ITensorProto,
  length: number,
  isProven: ReturnType<typeof createProof>,
  refuse: Refuse,
): Uint8Array => {
  const place = parsePlace(externalData ?? [], length);
  if (typeof place === "string") return refuse(place);
  const dataPath = join(dirname(graphPath), place.location);
  const bytes = byteSource(dataPath).read(place.offset, length);
  if (!isBeside(graphPath, dataPath))
    throw new CheckpointError(dataPath, "is a link to another folder; copy the file there");
  if (place.checksum === undefined || isProven(dataPath, place.checksum)) return bytes;
  throw new CheckpointError(
    dataPath,
    `is not the data that ${graphPath} was written with; copy the two files together, or compile again`,
  );
};

const frozenSchema = v.array(v.string());

const readFrozen = (metadata: Checkpoint["metadata"], path: string): readonly string[] => {
  try {
    return v.parse(frozenSchema, JSON.parse(metadata.get(frozenKey) ?? "[]"));
  } catch {
    throw new CheckpointError(path, `its metadata property ${frozenKey} is damaged; compile or export it again`);
  }
};

/** The parameters of a compiled or trained graph. @throws CheckpointError where the file is broken or has none. */
export const readGraphCheckpoint = (source: ByteSource): Checkpoint => {
  const model = decode(source);
  const metadata = new Map(model.metadataProps.map(({ key, value }) => [key ?? "", value ?? ""]));
  const trained = new Set([
    ...model.trainingInfo.flatMap(({ updateBinding }) => updateBinding?.map(({ key }) => key)),
    ...readFrozen(metadata, source.path),
  ]);
  const parameters = (model.graph?.initializer ?? []).filter(
    ({ name, dataType }) => trained.has(name) && dataType === DataType.FLOAT,
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
    const read =
      tensor.dataLocation === DataLocation.EXTERNAL
        ? () => readExternal(source.path, tensor, length, isProven, refuse)
        : () => readInline(tensor, length, refuse);
    tensors.set(name, tensorEntry(name, "float32", shape, read));
  }
  return {
    format: "onnx",
    tensors,
    objects: new Map(),
    metadata,
  };
};
