/**
 * Trains any ONNX file that has a training program, by the rules of the ONNX standard alone (TrainingInfoProto in onnx.proto):
 * all algorithms one after the other are an iteration; what is run is the inference graph and the algorithm, concatenated;
 * `update_binding` replaces state after each. A state that several algorithms list is one.
 */
import { open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DataLocation, DataType, decodeOnnx, encodeOnnx, type onnx } from "../../compiler/artifact/onnx.ts";
import { InferenceSession, Tensor } from "../onnxruntime.ts";

/** Tensors of one step, by name. */
export type Tensors = Readonly<Record<string, Tensor>>;
type Feeds = Readonly<
  Record<string, { readonly type: string; readonly dims: readonly number[]; readonly data: unknown }>
>;

export interface TrainingInfoRunner {
  /** The tensors that steps replace, as they are now. */
  readonly state: ReadonlyMap<string, Tensor>;
  /** Runs the file's algorithms by their place, replaces the state and returns every output; default: all, which is one iteration. */
  readonly step: (feeds: Feeds, algorithms?: readonly number[]) => Promise<Tensors>;
}

type NumericArray = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

interface ElementType {
  readonly name: "float32" | "float64" | "int32" | "int64" | "bool";
  readonly create: (buffer: ArrayBuffer) => NumericArray;
  readonly bytes: number;
  /** The field that holds the values when `raw_data` does not. */
  readonly typedValues: (tensor: onnx.ITensorProto) => NumericArray;
}

const elementTypes: Readonly<Partial<Record<number, ElementType>>> = {
  [DataType.FLOAT]: {
    name: "float32",
    create: (buffer) => new Float32Array(buffer),
    bytes: 4,
    typedValues: ({ floatData }) => Float32Array.from(floatData ?? []),
  },
  [DataType.DOUBLE]: {
    name: "float64",
    create: (buffer) => new Float64Array(buffer),
    bytes: 8,
    typedValues: ({ doubleData }) => Float64Array.from(doubleData ?? []),
  },
  [DataType.INT32]: {
    name: "int32",
    create: (buffer) => new Int32Array(buffer),
    bytes: 4,
    typedValues: ({ int32Data }) => Int32Array.from(int32Data ?? []),
  },
  [DataType.INT64]: {
    name: "int64",
    create: (buffer) => new BigInt64Array(buffer),
    bytes: 8,
    typedValues: ({ int64Data }) => BigInt64Array.from(int64Data ?? [], (value) => BigInt(String(value))),
  },
  [DataType.BOOL]: {
    name: "bool",
    create: (buffer) => new Uint8Array(buffer),
    bytes: 1,
    typedValues: ({ int32Data }) => Uint8Array.from(int32Data ?? []),
  },
};

const elementTypeOf = ({ name, dataType }: onnx.ITensorProto): ElementType => {
  const found = elementTypes[dataType ?? DataType.UNDEFINED];
  if (!found) throw new Error(`${name}: element type ${dataType} is not supported`);
  return found;
};

const dimsOf = (tensor: { readonly dims?: readonly unknown[] | null }): number[] => (tensor.dims ?? []).map(Number);
const sizeOf = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);
const bindings = (entries: readonly onnx.IStringStringEntryProto[] | null | undefined): Map<string, string> =>
  new Map((entries ?? []).map(({ key, value }) => [key ?? "", value ?? ""]));

const toTensor = (element: ElementType, dims: readonly number[], data: NumericArray): Tensor =>
  new Tensor(element.name, data as Tensor.DataType, dims);

const readExternal = async (folder: string, tensor: onnx.ITensorProto): Promise<Uint8Array> => {
  const entries = bindings(tensor.externalData);
  const bytes = new Uint8Array(sizeOf(dimsOf(tensor)) * elementTypeOf(tensor).bytes);
  const file = await open(join(folder, entries.get("location") ?? ""));
  try {
    const { bytesRead } = await file.read(bytes, 0, bytes.length, Number(entries.get("offset") ?? 0));
    if (bytesRead !== bytes.length) throw new Error(`${tensor.name}: its external data is cut short`);
  } finally {
    await file.close();
  }
  return bytes;
};

const readDense = (tensor: onnx.ITensorProto): NumericArray => {
  const element = elementTypeOf(tensor);
  // A copy, because typed arrays need aligned offsets.
  return tensor.rawData?.length ? element.create(new Uint8Array(tensor.rawData).buffer) : element.typedValues(tensor);
};

/** Indices are flat [count], or one row of coordinates per value [count, rank]. */
const readSparse = (sparse: onnx.ISparseTensorProto): Tensor => {
  const element = elementTypeOf(sparse.values ?? {});
  const dims = dimsOf(sparse);
  const data = element.create(new ArrayBuffer(sizeOf(dims) * element.bytes));
  const indices = Array.from(readDense(sparse.indices ?? {}), Number);
  const coordinates = sparse.indices?.dims?.length === 2 ? dims.length : 1;
  for (const [position, value] of readDense(sparse.values ?? {}).entries()) {
    const row = indices.slice(position * coordinates, (position + 1) * coordinates);
    const flat = coordinates === 1 ? (row[0] ?? 0) : row.reduce((index, at, axis) => index * (dims[axis] ?? 1) + at, 0);
    data[flat] = value;
  }
  return toTensor(element, dims, data);
};

const inputLike = (name: string, { dims, type }: Tensor): onnx.IValueInfoProto => {
  const elemType = Object.entries(elementTypes).find(([, element]) => element?.name === type)?.[0];
  return {
    name,
    type: { tensorType: { elemType: Number(elemType), shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  };
};

const byName = <Named extends { name?: string | null }>(values: readonly Named[]): Named[] => [
  ...new Map(values.map((value) => [value.name, value])).values(),
];

/** The nodes that lead to any of the outputs, in order. */
const nodesLeadingTo = (
  nodes: readonly onnx.INodeProto[],
  outputs: readonly { readonly name?: string | null }[],
): onnx.INodeProto[] => {
  const needed = new Set<string>(outputs.map(({ name }) => name ?? ""));
  const kept = nodes.toReversed().filter(({ input, output }) => {
    if (!output?.some((name) => needed.has(name))) return false;
    input?.forEach((name) => needed.add(name));
    return true;
  });
  return kept.toReversed();
};

interface Algorithm {
  readonly session: InferenceSession;
  readonly updates: ReadonlyMap<string, string>;
}

const unknownAlgorithm = (position: number): never => {
  throw new Error(`there is no algorithm ${position}`);
};

/**
 * Opens a training program.
 * @param sessionOptions what the file asks of ONNX Runtime, if anything.
 * @throws when the file has no training program, or updates a tensor that is not an initializer.
 */
export const createRunner = async (
  path: string,
  sessionOptions: InferenceSession.SessionOptions = {},
): Promise<TrainingInfoRunner> => {
  const model = decodeOnnx(await readFile(path));
  const { irVersion, opsetImport, functions, trainingInfo } = model;
  if (trainingInfo.length === 0) throw new Error(`${path} has no training program`);
  // What the file says is to be computed twice is, and what it turns before a product.
  const written = ["CommonSubexpressionElimination", "GemmTransposeFusion"];
  const extra = { optimization: { disable_specified_optimizers: written.join(";") } };
  const openSession = (graph: onnx.IGraphProto): Promise<InferenceSession> =>
    InferenceSession.create(encodeOnnx({ irVersion, opsetImport, functions, graph }), { extra, ...sessionOptions });

  const inference = model.graph ?? {};
  const all = [inference, ...trainingInfo.map(({ algorithm }) => algorithm ?? {})];
  const dense = all.flatMap(({ initializer }) => initializer ?? []);
  const sparse = all.flatMap(({ sparseInitializer }) => sparseInitializer ?? []);
  const initial = trainingInfo.flatMap(({ initialization }) => initialization?.initializer ?? []);
  for (const tensor of [...dense, ...initial]) {
    if (tensor.dataLocation !== DataLocation.EXTERNAL) continue;
    tensor.rawData = await readExternal(dirname(path), tensor);
    tensor.dataLocation = DataLocation.DEFAULT;
    tensor.externalData = [];
  }

  const replaced = trainingInfo.flatMap(({ updateBinding, initializationBinding }) => [
    ...bindings(updateBinding).keys(),
    ...bindings(initializationBinding).keys(),
  ]);
  const isState = new Set<string | null | undefined>(replaced);
  const state = new Map<string, Tensor>();
  for (const tensor of dense.filter(({ name }) => isState.has(name))) {
    state.set(tensor.name ?? "", toTensor(elementTypeOf(tensor), dimsOf(tensor), readDense(tensor)));
  }
  for (const tensor of sparse.filter(({ values }) => isState.has(values?.name))) {
    state.set(tensor.values?.name ?? "", readSparse(tensor));
  }
  for (const name of replaced) {
    if (!state.has(name)) throw new Error(`${path}: ${name} is updated but is not an initializer`);
  }
  for (const { initialization, initializationBinding } of trainingInfo) {
    const updates = bindings(initializationBinding);
    if (updates.size === 0) continue;
    const outputs = await (await openSession(initialization ?? {})).run({});
    for (const [name, output] of updates) state.set(name, outputs[output] as Tensor);
  }

  const open = async ({ algorithm, updateBinding }: onnx.ITrainingInfoProto, position: number): Promise<Algorithm> => {
    const updates = bindings(updateBinding);
    const graphs = [inference, algorithm ?? {}];
    // What inference gives is given once; a later algorithm need not compute it again.
    const outputs = byName((position === 0 ? graphs : [algorithm ?? {}]).flatMap(({ output }) => output ?? []));
    const node = nodesLeadingTo(
      graphs.flatMap(({ node }) => node ?? []),
      outputs,
    );
    const read = new Set(node.flatMap(({ input }) => input ?? []));
    const isRead = ({ name }: { name?: string | null }): boolean => read.has(name ?? "");
    const values = byName(graphs.flatMap(({ initializer }) => initializer ?? [])).filter(isRead);
    const states = [...state].filter(([name]) => read.has(name));
    const given = new Set([...values.map(({ name }) => name), ...state.keys()]);
    const session = await openSession({
      name: "training",
      node,
      initializer: values.filter(({ name }) => !state.has(name ?? "")),
      input: [
        ...byName(graphs.flatMap(({ input }) => input ?? [])).filter(
          (input) => isRead(input) && !given.has(input.name),
        ),
        ...states.map(([name, tensor]) => inputLike(name, tensor)),
      ],
      output: outputs,
      valueInfo: byName(graphs.flatMap(({ valueInfo }) => valueInfo ?? [])),
    });
    return { session, updates };
  };
  const opened: Algorithm[] = [];
  for (const [position, info] of trainingInfo.entries()) opened.push(await open(info, position));

  const step: TrainingInfoRunner["step"] = async (feeds, algorithms = opened.map((_, position) => position)) => {
    const given: Record<string, Tensor> = {};
    const fed = Object.entries(feeds).map(
      ([name, { type, data, dims }]) => [name, new Tensor(type as never, data as never, dims)] as const,
    );
    for (const position of algorithms) {
      const { session, updates } = opened[position] ?? unknownAlgorithm(position);
      const inputs = { ...Object.fromEntries(state), ...Object.fromEntries(fed) };
      const outputs = await session.run(
        Object.fromEntries(session.inputNames.map((name) => [name, inputs[name] as Tensor])),
      );
      for (const [name, output] of updates) state.set(name, outputs[output] as Tensor);
      Object.assign(given, outputs);
    }
    return given;
  };
  return { state, step };
};
