/** Our own `graph.onnx` as a checkpoint. */
import { basename, dirname, join } from "node:path";
import onnxProto, { type onnx } from "onnx-proto";
import { type ByteSource, byteSource } from "../weights/readers/byte-source.ts";
import { type Checkpoint, tensorEntry } from "../weights/readers/checkpoint.ts";
import { CheckpointError } from "../weights/readers/checkpoint-error.ts";

const { DataLocation, DataType } = onnxProto.onnx.TensorProto;

const decode = (source: ByteSource): onnx.ModelProto => {
  try {
    return onnxProto.onnx.ModelProto.decode(source.read(0, source.size));
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(source.path, "is not an ONNX file, or cut short");
  }
};

const readBytes = (path: string, tensor: onnx.ITensorProto, length: number): Uint8Array => {
  if (tensor.dataLocation !== DataLocation.EXTERNAL) {
    const bytes = tensor.rawData ?? new Uint8Array();
    if (bytes.length === length) return Uint8Array.from(bytes);
    throw new CheckpointError(path, `tensor "${tensor.name}" has ${bytes.length} bytes; its shape needs ${length}`);
  }
  const entries = new Map((tensor.externalData ?? []).map(({ key, value }) => [key, value ?? ""]));
  const location = entries.get("location") ?? "";
  if (location !== basename(location)) {
    throw new CheckpointError(path, `tensor "${tensor.name}" is kept in "${location}", not beside the graph`);
  }
  return byteSource(join(dirname(path), location)).read(Number(entries.get("offset") ?? 0), length);
};

/** The parameters of a compiled or trained graph. @throws CheckpointError where the file is broken or has none. */
export const readGraphCheckpoint = (source: ByteSource): Checkpoint => {
  const model = decode(source);
  const trained = new Set(model.trainingInfo.flatMap(({ updateBinding }) => updateBinding?.map(({ key }) => key)));
  const parameters = (model.graph?.initializer ?? []).filter(
    ({ name, dataType }) => trained.has(name) && dataType === DataType.FLOAT,
  );
  const tensors = parameters.map((tensor) => {
    const shape = (tensor.dims ?? []).map(Number);
    const length = 4 * shape.reduce((product, size) => product * size, 1);
    const name = tensor.name ?? "";
    return [name, tensorEntry(name, "float32", shape, () => readBytes(source.path, tensor, length))] as const;
  });
  return { format: "onnx", tensors: new Map(tensors), unwrapped: [], outside: new Map(), metadata: new Map() };
};
