/** Reads and checks `graph.onnx`. */
import { bytesPerElement, onnxTypeNumbers, tensorBytes } from "../../compiler/artifact/element-types.ts";
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type ArtifactMetadata, parseMetadata } from "../../compiler/artifact/metadata.ts";
import { locateValues } from "../../compiler/artifact/external-data.ts";
import { checksumOf, isBeside } from "../../compiler/artifact/files/data-file.ts";
import { DataLocation, decodeOnnx, type onnx, replacedBy } from "../../compiler/artifact/onnx.ts";
import { UserError } from "../user-error.ts";
import { checkModel } from "./check-model.ts";
import { elementCount, type ElementType, isElementType, type Storage, type StoredTensor } from "./stored-tensor.ts";

/** A compiled or trained graph, checked; its parameters' values are still in the file. */
export interface Artifact {
  readonly path: string;
  readonly metadata: ArtifactMetadata;
  readonly model: onnx.IModelProto;
  /** The network's parameters, and any other tensor kept in the data file. */
  readonly parameters: readonly StoredTensor[];
  /** The files beside it that hold parameters: `graph.onnx.data`, or none. */
  readonly dataPaths: readonly string[];
  /** Sizes of `graph.onnx` and of its data file, 0 where it has none. */
  readonly bytes: { readonly graph: number; readonly data: number };
}

/** By the standard's numbers. */
const elementTypes = new Map<number, ElementType>(
  Object.entries(onnxTypeNumbers).flatMap(([type, number]) => (isElementType(type) ? [[number, type] as const] : [])),
);

const readReasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file; compiling a spec writes one",
  EISDIR: "it is a folder; name the graph.onnx in it",
  EACCES: "its permissions do not allow reading it",
};

/** What a protobuf message may have at most. */
const mostBytes = 2 ** 31 - 1;

const readBytes = (path: string): Buffer => {
  try {
    const stats = statSync(path);
    if (!stats.isFile() && !stats.isDirectory())
      throw new UserError("not-a-file", { path }, "cannot be read: it is no regular file");
    if (stats.size > mostBytes) throw new UserError("not-onnx", { path }, "not an ONNX file: it has more than 2 GiB");
    return readFileSync(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new UserError("file-unreadable", { path, system: code }, `cannot be read: ${readReasons[code] ?? message}`);
  }
};

/** Field 1 of ModelProto, the version number that every ONNX file starts with. */
const firstByte = 0x08;

const decode = (path: string, bytes: Buffer): onnx.IModelProto => {
  if (bytes.length === 0) throw new UserError("file-empty", { path }, "the file is empty");
  try {
    const model = decodeOnnx(bytes);
    if (model.graph) return model;
  } catch (error) {
    if (bytes[0] === firstByte && error instanceof RangeError) {
      throw new UserError(
        "file-cut-short",
        { path },
        `the file is cut short (${bytes.length} bytes); compile or copy it again`,
      );
    }
  }
  throw new UserError("not-onnx", { path }, "not an ONNX file");
};

/** What is wrong with a file that was right once. */
export const damaged = (path: string, what: string): UserError =>
  new UserError("file-damaged", { path }, `the file is damaged: ${what}`);

const sizeOfDataFile = (path: string, dataPath: string): number => {
  const stats = statSync(dataPath, { throwIfNoEntry: false });
  if (!stats)
    throw new UserError(
      "data-file-missing",
      { path, dataFile: dataPath },
      `its data file ${dataPath} is missing; keep the two files together`,
    );
  if (!stats.isFile())
    throw new UserError("not-a-file", { path, dataFile: dataPath }, `its data file ${dataPath} is no regular file`);
  if (!isBeside(path, dataPath))
    throw new UserError(
      "data-file-linked",
      { path, dataFile: dataPath },
      `its data file ${dataPath} is a link to another folder; copy the file there`,
    );
  return stats.size;
};

/** Where the values of an initializer are, after checking that all of them are there. */
const locate = (path: string, tensor: onnx.ITensorProto, byteLength: number): Storage => {
  const values = locateValues(tensor, byteLength);
  if (typeof values === "string") throw damaged(path, `${tensor.name} ${values}`);
  if (values.kind === "inline") return values;
  const { location, offset, length, checksum } = values.place;
  const dataPath = join(dirname(path), location);
  const size = sizeOfDataFile(path, dataPath);
  if (offset + length <= size) return { kind: "external", path: dataPath, offset, checksum };
  throw new UserError(
    "file-cut-short",
    { path: dataPath, tensor: tensor.name },
    `the file is cut short: it has ${size} bytes, and ${tensor.name} ends at byte ${offset + length}; compile or copy it again`,
  );
};

type Shaped = Pick<StoredTensor, "name" | "type" | "dims"> & { readonly byteLength: number };

const readShape = (
  path: string,
  { name, dataType }: onnx.ITensorProto,
  printedDims: onnx.ITensorProto["dims"],
): Shaped => {
  const type = elementTypes.get(dataType ?? 0);
  if (type === undefined)
    throw new UserError(
      "element-type-unknown",
      { path, tensor: name },
      `${name} has an element type that this runtime does not read`,
    );
  const dims = (printedDims ?? []).map(Number);
  const byteLength = tensorBytes(dims, bytesPerElement[type]);
  if (byteLength === undefined) throw damaged(path, `${name} has an impossible shape [${dims.join(", ")}]`);
  return { name: name ?? "", type, dims, byteLength };
};

const toStoredTensor = (path: string, tensor: onnx.ITensorProto): StoredTensor => {
  const { byteLength, ...shape } = readShape(path, tensor, tensor.dims);
  return { ...shape, storage: locate(path, tensor, byteLength) };
};

/** Checks that no tensor lies in another's place, and that each data file is the one that the graph was written with. */
const checkData = (path: string, parameters: readonly StoredTensor[]): readonly string[] => {
  const byPath = new Map<string, { name: string; start: number; end: number; checksum: string | undefined }[]>();
  for (const { name, type, dims, storage } of parameters) {
    if (storage.kind !== "external") continue;
    const { offset: start, checksum } = storage;
    const end = start + elementCount(dims) * bytesPerElement[type];
    byPath.set(storage.path, [...(byPath.get(storage.path) ?? []), { name, start, end, checksum }]);
  }
  for (const [dataPath, places] of byPath) {
    const sorted = places.toSorted((a, b) => a.start - b.start);
    const overlap = sorted.find(({ start }, index) => start < (sorted[index - 1]?.end ?? 0));
    if (overlap) throw damaged(path, `${overlap.name} lies in another tensor's place in ${dataPath}`);
    const checksums = new Set(places.map(({ checksum }) => checksum));
    checksums.delete(undefined);
    if (checksums.size === 0 || (checksums.size === 1 && checksums.has(checksumOf(dataPath)))) continue;
    throw new UserError(
      "data-file-foreign",
      { path: dataPath, graph: path },
      `not the data that ${path} was written with; copy the two files together, or compile again`,
    );
  }
  return [...byPath.keys()];
};

/**
 * Reads a graph without its large parameters, whatever made it: nothing of it is believed before it is checked.
 * @throws UserError when the file is missing, cut short, not ONNX, not compiled by specgraph or damaged, or its data file is not its own.
 */
export const readArtifact = (path: string): Artifact => {
  const bytes = readBytes(path);
  const model = decode(path, bytes);
  const metadata = parseMetadata(model.metadataProps ?? []);
  if (typeof metadata === "string")
    throw new UserError("graph-unsupported", { path }, `not a graph that this runtime reads: ${metadata}`);
  const problem = checkModel(model, metadata);
  if (problem !== undefined) throw damaged(path, problem);

  const trained = new Set<string | null | undefined>([...replacedBy(model), ...metadata.frozen]);
  const parameters = (model.graph?.initializer ?? [])
    .filter(({ name, dataLocation }) => trained.has(name) || dataLocation === DataLocation.EXTERNAL)
    .map((tensor) => toStoredTensor(path, tensor));
  const unlike = parameters.find(({ name, type }) => trained.has(name) && type !== "float32");
  if (unlike) throw damaged(path, `the parameter ${unlike.name} is of ${unlike.type}, not of float32`);
  const dataPaths = checkData(path, parameters);
  const dataBytes = dataPaths.reduce((total, dataPath) => total + sizeOfDataFile(path, dataPath), 0);
  return { path, metadata, model, parameters, dataPaths, bytes: { graph: bytes.length, data: dataBytes } };
};

/**
 * The training algorithms' own states: gradients and optimizer moments, which start at zero and take no space in the file, and
 * counters. One that both algorithms list is one.
 * @throws UserError when the file is damaged.
 */
export const readOwnStates = ({ path, model, parameters }: Artifact): StoredTensor[] => {
  const training = model.trainingInfo ?? [];
  const updated = replacedBy(model);
  const largest = Math.max(1, ...parameters.map(({ dims }) => elementCount(dims)));
  const readZeros = ({ values, dims: printedDims }: onnx.ISparseTensorProto): StoredTensor => {
    const { name, type, dims } = readShape(path, values ?? {}, printedDims);
    if (values?.dims?.some((dim) => Number(dim) !== 0)) throw damaged(path, `${name} does not start at zero`);
    // It has no bytes in the file that would prove its size.
    if (elementCount(dims) > largest) throw damaged(path, `${name} [${dims.join(", ")}] is larger than any parameter`);
    return { name, type, dims, storage: { kind: "zeros" } };
  };
  const found = new Map<string, StoredTensor>();
  const add = (state: StoredTensor): void => {
    const known = found.get(state.name);
    if (known && (known.type !== state.type || String(known.dims) !== String(state.dims)))
      throw damaged(path, `its training algorithms disagree about ${state.name}`);
    found.set(state.name, known ?? state);
  };
  for (const { algorithm } of training) {
    for (const tensor of algorithm?.initializer ?? [])
      if (updated.has(tensor.name ?? "")) add(toStoredTensor(path, tensor));
    algorithm?.sparseInitializer?.forEach((tensor) => add(readZeros(tensor)));
  }
  return [...found.values()];
};
