/** Reads and checks `graph.onnx`. Protobuf stays inside this folder. */
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import onnxProto, { type onnx } from "onnx-proto";
import { type ArtifactMetadata, parseMetadata } from "../../compiler/artifact.ts";
import { UserError } from "../user-error.ts";
import { bytesPerElement, elementCount, type ElementType, type Storage, type StoredTensor } from "./stored-tensor.ts";

/** A compiled or trained graph, checked; its parameters' values are still in the file. */
export interface Artifact {
  readonly path: string;
  readonly metadata: ArtifactMetadata;
  readonly model: onnx.IModelProto;
  /** The network's parameters, and any other tensor kept in the data file. */
  readonly parameters: readonly StoredTensor[];
  /** Sizes of `graph.onnx` and of its data file, 0 where it has none. */
  readonly bytes: { readonly graph: number; readonly data: number };
}

const { DataLocation, DataType } = onnxProto.onnx.TensorProto;

/** The standard's number of each element type. */
export const onnxTypeNumbers: Readonly<Record<ElementType, number>> = {
  float32: DataType.FLOAT,
  int32: DataType.INT32,
  int64: DataType.INT64,
};
const elementTypes = new Map(Object.entries(onnxTypeNumbers).map(([type, number]) => [number, type as ElementType]));

const readReasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file; `npm run compile` writes one",
  EISDIR: "it is a folder; name the graph.onnx in it",
  EACCES: "its permissions do not allow reading it",
};

const readBytes = (path: string): Buffer => {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new UserError(`${path}: cannot be read: ${readReasons[code] ?? message}`);
  }
};

/** Field 1 of ModelProto, the version number that every ONNX file starts with. */
const firstByte = 0x08;

const decode = (path: string, bytes: Buffer): onnx.IModelProto => {
  if (bytes.length === 0) throw new UserError(`${path}: the file is empty`);
  try {
    const model = onnxProto.onnx.ModelProto.decode(bytes);
    if (model.graph) return model;
  } catch (error) {
    if (bytes[0] === firstByte && error instanceof RangeError) {
      throw new UserError(`${path}: the file is cut short (${bytes.length} bytes); compile or copy it again`);
    }
  }
  throw new UserError(`${path}: not an ONNX file`);
};

const sizeOfDataFile = (path: string, dataPath: string): number => {
  try {
    return statSync(dataPath).size;
  } catch {
    throw new UserError(`${path}: its data file ${dataPath} is missing; keep the two files together`);
  }
};

/** Where the values of an initializer are, after checking that all of them are there. */
const locate = (path: string, tensor: onnx.ITensorProto, byteLength: number): Storage => {
  if (tensor.dataLocation !== DataLocation.EXTERNAL) {
    const bytes = tensor.rawData ?? new Uint8Array();
    if (bytes.length === byteLength) return { kind: "inline", bytes };
    throw new UserError(`${path}: the file is damaged: ${tensor.name} has ${bytes.length} of ${byteLength} bytes`);
  }
  const entries = new Map((tensor.externalData ?? []).map(({ key, value }) => [key, value ?? ""]));
  const location = entries.get("location") ?? "";
  if (location === "" || location !== basename(location)) {
    throw new UserError(`${path}: the file is damaged: ${tensor.name} is kept in "${location}", not beside the graph`);
  }
  const dataPath = join(dirname(path), location);
  const offset = Number(entries.get("offset") ?? 0);
  const size = sizeOfDataFile(path, dataPath);
  if (offset + byteLength <= size) return { kind: "external", path: dataPath, offset };
  throw new UserError(
    `${dataPath}: the file is cut short: it has ${size} bytes, and ${tensor.name} ends at byte ${offset + byteLength}; compile or copy it again`,
  );
};

const toStoredTensor = (path: string, tensor: onnx.ITensorProto): StoredTensor => {
  const name = tensor.name ?? "";
  const type = elementTypes.get(tensor.dataType ?? 0);
  if (type === undefined) throw new UserError(`${path}: ${name} has an element type that this runtime does not read`);
  const dims = (tensor.dims ?? []).map(Number);
  return { name, type, dims, storage: locate(path, tensor, elementCount(dims) * bytesPerElement[type]) };
};

/**
 * Reads a graph without its large parameters.
 * @throws UserError when the file is missing, cut short, not ONNX or not compiled by specgraph, or its data file does not fit it.
 */
export const readArtifact = (path: string): Artifact => {
  const bytes = readBytes(path);
  const model = decode(path, bytes);
  const metadata = parseMetadata(model.metadataProps ?? []);
  if (typeof metadata === "string") throw new UserError(`${path}: not a graph that this runtime reads: ${metadata}`);

  const trained = new Set([
    ...(model.trainingInfo ?? []).flatMap(({ updateBinding }) => updateBinding?.map(({ key }) => key)),
    ...metadata.frozen,
  ]);
  const parameters = (model.graph?.initializer ?? [])
    .filter(({ name, dataLocation }) => trained.has(name) || dataLocation === DataLocation.EXTERNAL)
    .map((tensor) => toStoredTensor(path, tensor));
  const dataPaths = new Set(parameters.flatMap(({ storage }) => (storage.kind === "external" ? [storage.path] : [])));
  const dataBytes = [...dataPaths].reduce((total, dataPath) => total + sizeOfDataFile(path, dataPath), 0);
  return { path, metadata, model, parameters, bytes: { graph: bytes.length, data: dataBytes } };
};

/**
 * The training algorithm's own states: optimizer moments, which start at zero and take no space in the file, and counters.
 * @throws UserError when the file is damaged.
 */
export const readOptimizerStates = ({ path, model }: Artifact): StoredTensor[] => {
  const [training] = model.trainingInfo ?? [];
  const updated = new Set(training?.updateBinding?.map(({ key }) => key));
  const dense = (training?.algorithm?.initializer ?? [])
    .filter(({ name }) => updated.has(name))
    .map((tensor) => toStoredTensor(path, tensor));
  const sparse = (training?.algorithm?.sparseInitializer ?? []).map(({ values, dims }): StoredTensor => {
    const { name, type } = toStoredTensor(path, values ?? {});
    return { name, type, dims: (dims ?? []).map(Number), storage: { kind: "zeros" } };
  });
  return [...dense, ...sparse];
};
