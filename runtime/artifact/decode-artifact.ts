/** Reads and checks `graph.onnx` from its bytes, wherever they come from. */
import { bytesPerElement, onnxTypeNumbers, tensorBytes } from "../../compiler/artifact/element-types.ts";
import { type ArtifactMetadata, parseMetadata } from "../../compiler/artifact/metadata.ts";
import { locateValues } from "../../compiler/artifact/external-data.ts";
import { DataLocation, decodeOnnx, type onnx, replacedBy } from "../../compiler/artifact/onnx.ts";
import { UserError } from "../user-error.ts";
import { checkModel } from "./check-model.ts";
import {
  type DataFile,
  elementCount,
  type ElementType,
  isElementType,
  type Storage,
  type StoredTensor,
} from "./stored-tensor.ts";

/** A compiled or trained graph, checked; its parameters' values are still where it came from. */
export interface Artifact {
  /** What messages call it: its path, if it has one. */
  readonly path: string;
  /** What ONNX Runtime opens: the path of its file, or its bytes. */
  readonly graph: string | Uint8Array;
  /** Whether that path is a link to another folder, where its data file may be called otherwise. */
  readonly isLink?: boolean;
  readonly metadata: ArtifactMetadata;
  readonly model: onnx.IModelProto;
  /** The network's parameters, and any other tensor kept in the data file. */
  readonly parameters: readonly StoredTensor[];
  /** What is beside it and holds parameters: `graph.onnx.data`, or nothing. */
  readonly dataFiles: readonly ArtifactData[];
  /** Sizes of `graph.onnx` and of its data file, 0 where it has none. */
  readonly bytes: { readonly graph: number; readonly data: number };
}

export interface ArtifactData extends DataFile {
  /** What the graph calls it. */
  readonly location: string;
  /** SHA-1, in hexadecimal; whoever opened the file proves it. Files of other tools and older ones have none. */
  readonly checksum?: string | undefined;
}

/** Opens a data file by what the graph calls it. @throws UserError where there is none */
export type OpenDataFile = (location: string) => DataFile;

/** By the standard's numbers. */
const elementTypes = new Map<number, ElementType>(
  Object.entries(onnxTypeNumbers).flatMap(([type, number]) => (isElementType(type) ? [[number, type] as const] : [])),
);

/** Field 1 of ModelProto, the version number that every ONNX file starts with. */
const firstByte = 0x08;

const decode = (path: string, bytes: Uint8Array): onnx.IModelProto => {
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

/** Where the values of an initializer are, after checking that all of them are there. */
const locate = (path: string, tensor: onnx.ITensorProto, byteLength: number, open: OpenDataFile): Storage => {
  const values = locateValues(tensor, byteLength);
  if (typeof values === "string") throw damaged(path, `${tensor.name} ${values}`);
  if (values.kind === "inline") return values;
  const { location, offset, length, checksum } = values.place;
  const file = open(location);
  if (offset + length <= file.size) return { kind: "external", file, offset, checksum };
  throw new UserError(
    "file-cut-short",
    { path: file.path, tensor: tensor.name },
    `the file is cut short: it has ${file.size} bytes, and ${tensor.name} ends at byte ${offset + length}; compile or copy it again`,
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

const toStoredTensor = (path: string, tensor: onnx.ITensorProto, open: OpenDataFile): StoredTensor => {
  const { byteLength, ...shape } = readShape(path, tensor, tensor.dims);
  return { ...shape, storage: locate(path, tensor, byteLength, open) };
};

/** What is told of a data file where a graph has been put together of several. */
export const foreignData = (dataPath: string, path: string): UserError =>
  new UserError(
    "data-file-foreign",
    { path: dataPath, graph: path },
    `not the data that ${path} was written with; copy the two files together, or compile again`,
  );

/** The data files, after checking that no tensor lies in another's place, and that all that lie in a file tell of the same. */
const checkData = (
  path: string,
  opened: ReadonlyMap<string, DataFile>,
  parameters: readonly StoredTensor[],
): readonly ArtifactData[] =>
  [...opened].map(([location, file]) => {
    const places = parameters.flatMap(({ name, type, dims, storage }) => {
      if (storage.kind !== "external" || storage.file !== file) return [];
      const { offset: start, checksum } = storage;
      return [{ name, start, end: start + elementCount(dims) * bytesPerElement[type], checksum }];
    });
    const sorted = places.toSorted((a, b) => a.start - b.start);
    const overlap = sorted.find(({ start }, index) => start < (sorted[index - 1]?.end ?? 0));
    if (overlap) throw damaged(path, `${overlap.name} lies in another tensor's place in ${file.path}`);
    const [checksum, ...others] = new Set(places.flatMap(({ checksum }) => checksum ?? []));
    if (others.length > 0) throw foreignData(file.path, path);
    return { ...file, location, checksum };
  });

const noData =
  (path: string): OpenDataFile =>
  (dataFile) => {
    throw new UserError(
      "data-file-missing",
      { path, dataFile },
      `its data file ${dataFile} is missing; keep the two files together`,
    );
  };

/**
 * Reads a graph without its large parameters, whatever made it: nothing of it is believed before it is checked.
 * @param path what messages call it
 * @param bytes of `graph.onnx`
 * @param graph what ONNX Runtime is to open
 * @throws UserError where the bytes are cut short, not ONNX, not compiled by specgraph or damaged
 */
export const decodeArtifact = (
  path: string,
  bytes: Uint8Array,
  open: OpenDataFile = noData(path),
  graph: Artifact["graph"] = bytes,
): Artifact => {
  const model = decode(path, bytes);
  const metadata = parseMetadata(model.metadataProps ?? []);
  if (typeof metadata === "string")
    throw new UserError("graph-unsupported", { path }, `not a graph that this runtime reads: ${metadata}`);
  const problem = checkModel(model, metadata);
  if (problem !== undefined) throw damaged(path, problem);

  const trained = new Set<string | null | undefined>([...replacedBy(model), ...metadata.frozen]);
  const opened = new Map<string, DataFile>();
  const openOnce: OpenDataFile = (location) => {
    const file = opened.get(location) ?? open(location);
    opened.set(location, file);
    return file;
  };
  const parameters = (model.graph?.initializer ?? [])
    .filter(({ name, dataLocation }) => trained.has(name) || dataLocation === DataLocation.EXTERNAL)
    .map((tensor) => toStoredTensor(path, tensor, openOnce));
  const unlike = parameters.find(({ name, type }) => trained.has(name) && type !== "float32");
  if (unlike) throw damaged(path, `the parameter ${unlike.name} is of ${unlike.type}, not of float32`);
  const dataFiles = checkData(path, opened, parameters);
  const data = dataFiles.reduce((total, { size }) => total + size, 0);
  return { path, graph, metadata, model, parameters, dataFiles, bytes: { graph: bytes.length, data } };
};

/** The data files as a whole, by what the graph calls them. */
export const readDataFiles = async ({ dataFiles }: Artifact): Promise<ReadonlyMap<string, Uint8Array>> => {
  const read = new Map<string, Uint8Array>();
  for (const file of dataFiles) {
    const bytes = file.bytes ?? new Uint8Array(file.size);
    if (file.bytes === undefined) await file.read(bytes, 0);
    read.set(file.location, bytes);
  }
  return read;
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
      if (updated.has(tensor.name ?? "")) add(toStoredTensor(path, tensor, noData(path)));
    algorithm?.sparseInitializer?.forEach((tensor) => add(readZeros(tensor)));
  }
  return [...found.values()];
};
