/**
 * A graph for other classes than it was compiled for, as many or fewer: with the rows of its last dense layer that are theirs, their
 * optimizer states, and targets, scores and loss of so many classes. It is the graph that compiling for so many would have given.
 */
import { bytesPerElement } from "../../compiler/artifact/element-types.ts";
import { type ArtifactMetadata, metadataKey } from "../../compiler/artifact/metadata.ts";
import { names } from "../../compiler/artifact/names.ts";
import { encodeOnnx, type onnx, replacedBy } from "../../compiler/artifact/onnx.ts";
import { plural } from "../../compiler/artifact/plural.ts";
import { UserError } from "../user-error.ts";
import type { Artifact } from "./decode-artifact.ts";
import { readTensor, type StoredTensor } from "./stored-tensor.ts";
import { withDecisions } from "./with-decisions.ts";

/** Where in a value's shape the classes are: the axis counts from the last, which is 1. */
interface ClassAxis {
  readonly rank: number;
  readonly axis: number;
}

/** What is known of a value; those without classes are not listed. A shape is that of a value with classes. */
type Known = ClassAxis & { readonly isShape?: boolean };

/** Why a graph cannot be cut; caught where it is thrown from. */
class NotCut extends Error {}

const elementwise = new Set(
  `Abs Add And Cast Clip Div Equal Erf Exp Gelu Greater GreaterOrEqual Identity Less LessOrEqual Log Max Min Mul Neg Not Or Pow
   Reciprocal Relu Sigmoid Sign Softplus Sqrt Sub Tanh Where`.split(/\s+/),
);
const isReduction = (type: string): boolean => type.startsWith("Reduce");
const normalizing = new Set(["Softmax", "LogSoftmax"]);

const attributeOf = ({ attribute }: onnx.INodeProto, name: string): number | undefined => {
  const value = attribute?.find((each) => each.name === name)?.i;
  return value === undefined || value === null ? undefined : Number(value);
};

/** The whole numbers of a small constant. */
const integersOf = ({ rawData, int64Data }: onnx.ITensorProto): readonly number[] => {
  if (int64Data && int64Data.length > 0) return int64Data.map(Number);
  const bytes = rawData ?? new Uint8Array();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 8 }, (_, index) => Number(view.getBigInt64(index * 8, true)));
};

const floatOf = ({ rawData }: onnx.ITensorProto): number | undefined =>
  rawData?.length === 4 ? new DataView(rawData.buffer, rawData.byteOffset, 4).getFloat32(0, true) : undefined;

/** The values of a graph that have classes among their axes, found by going through its nodes in order. */
const followClasses = (
  nodes: readonly onnx.INodeProto[],
  constants: ReadonlyMap<string, onnx.ITensorProto>,
  classes: number,
  replaced: ReadonlySet<string>,
  known: Map<string, Known>,
): void => {
  const constant = (name = ""): readonly number[] | undefined => {
    const tensor = constants.get(name);
    return tensor && integersOf(tensor);
  };
  /** Those that are as long as there are classes would no longer fit; of states it is found out what they are. */
  const requireNoLength = (name: string, { axis }: ClassAxis): void => {
    const dims = replaced.has(name) ? [] : (constants.get(name)?.dims ?? []);
    const length = Number(dims.at(-axis) ?? 1);
    if (axis <= dims.length && length === classes) throw new NotCut(`${name} holds a value for each class`);
  };

  const follow = (node: onnx.INodeProto): Known | undefined => {
    const { opType, input, name } = node;
    const type = opType ?? "";
    const inputs = input ?? [];
    const found = inputs.map((each) => known.get(each));
    const [first, second, third] = found;
    const refuse = (): never => {
      throw new NotCut(`${name} (${type}) is not known to be the same for any number of classes`);
    };
    const shape = found.find((each) => each?.isShape);
    if (shape) return type === "Expand" && second === shape && !first ? { ...shape, isShape: false } : refuse();
    if (elementwise.has(type)) {
      const axes = found.filter((each) => each !== undefined);
      const [any = refuse()] = axes;
      if (axes.some(({ axis }) => axis !== any.axis)) refuse();
      inputs.forEach((each, index) => found[index] ?? requireNoLength(each, any));
      return { rank: Math.max(...axes.map(({ rank }) => rank)), axis: any.axis };
    }
    if (type === "Shape" && first) return { ...first, isShape: true };
    if (normalizing.has(type) && first) return attributeOf(node, "axis") === -1 ? first : refuse();
    /** Axes that are listed in a constant, counted from the last. */
    const axesIn = (name: string | undefined, { rank }: ClassAxis): readonly number[] | undefined =>
      constant(name)?.map((axis) => (axis < 0 ? -axis : rank - axis));
    if (type === "Transpose" && first) {
      const perm = node.attribute?.find(({ name }) => name === "perm")?.ints?.map(Number) ?? refuse();
      return { ...first, axis: first.rank - perm.indexOf(first.rank - first.axis) };
    }
    if (type === "Slice" && first) {
      const at = axesIn(inputs[3], first)?.indexOf(first.axis) ?? refuse();
      if (at < 0) return first;
      // The first class alone, as there is one at least.
      return constant(inputs[1])?.[at] === 0 && constant(inputs[2])?.[at] === 1 ? undefined : refuse();
    }
    if (isReduction(type) && first) {
      const axes = axesIn(inputs[1], first);
      const isKept = attributeOf(node, "keepdims") !== 0;
      if (axes === undefined || axes.includes(first.axis)) return undefined;
      const after = axes.filter((axis) => axis < first.axis).length;
      return isKept ? first : { rank: first.rank - axes.length, axis: first.axis - after };
    }
    if (type === "MatMul") {
      // The last axis of the one and the last but one of the other are summed away.
      const made = first ?? second ?? refuse();
      const isSummed = made.axis === (first ? 1 : 2);
      return (first && second) || isSummed ? refuse() : made;
    }
    if (type === "Gemm") {
      const [isTurnedA, isTurnedB] = [attributeOf(node, "transA") === 1, attributeOf(node, "transB") === 1];
      const [rowsOfA, columnsOfB] = [isTurnedA ? 1 : 2, isTurnedB ? 2 : 1];
      const isSummed = [first && first.axis !== rowsOfA, second && second.axis !== columnsOfB];
      if (isSummed[0] === true && isSummed[1] === true && !third) return undefined;
      if (isSummed.includes(true) || (first && second)) return refuse();
      const made: Known = { rank: 2, axis: first ? 2 : 1 };
      const isAlike = third === undefined ? constants.get(inputs[2] ?? "") === undefined : third.axis === made.axis;
      return (first ?? second) && isAlike ? made : refuse();
    }
    return refuse();
  };

  for (const node of nodes) {
    if (!(node.input ?? []).some((each) => known.has(each))) continue;
    const made = follow(node);
    for (const output of node.output ?? []) if (made) known.set(output, made);
  }
};

const bindingsOf = ({ updateBinding }: onnx.ITrainingInfoProto): readonly (readonly [string, string])[] =>
  (updateBinding ?? []).map(({ key, value }) => [key ?? "", value ?? ""] as const);

const constantsOf = (...graphs: readonly onnx.IGraphProto[]): ReadonlyMap<string, onnx.ITensorProto> =>
  new Map(
    graphs
      .flatMap(({ initializer, sparseInitializer }) => [
        ...(initializer ?? []),
        ...(sparseInitializer ?? []).map(({ values, dims }) => ({ ...values, dims: dims ?? [] })),
      ])
      .map((tensor) => [tensor.name ?? "", tensor]),
  );

/** Its constants may be of how many classes there are, as those of label smoothing over these are. */
const requirePlainObjective = (
  nodes: readonly onnx.INodeProto[],
  constants: ReadonlyMap<string, onnx.ITensorProto>,
  replaced: ReadonlySet<string>,
): void => {
  for (const { name, input } of nodes) {
    if (!/^(?:loss|gradient)\/objective\//.test(name ?? "")) continue;
    const strange = (input ?? []).find((each) => {
      const constant = replaced.has(each) ? undefined : constants.get(each);
      const value = constant && floatOf(constant);
      return value !== undefined && value !== 0 && value !== 1;
    });
    if (strange !== undefined) throw new NotCut("its loss smooths labels over its classes");
  }
};

/** The last dense layer's weight [classes, width] and bias [classes]. */
const headOf = ({ graph }: onnx.IModelProto): readonly string[] => {
  const head = graph?.node?.find(({ output }) => output?.includes(names.logits));
  const [, weight = "", bias = ""] = head?.input ?? [];
  if (head?.opType !== "Gemm" || attributeOf(head, "transB") !== 1)
    throw new NotCut("its scores are not of one dense layer");
  return [weight, bias].filter((name) => name !== "");
};

/** By name, all values that have classes among their axes. */
const classAxes = ({ model, metadata }: Artifact): ReadonlyMap<string, Known> => {
  const classes = metadata.classes.length;
  const inference = model.graph ?? {};
  const training = model.trainingInfo ?? [];
  const replaced = replacedBy(model);
  const states = new Map<string, Known>();
  const [weight = "", bias] = headOf(model);
  states.set(weight, { rank: 2, axis: 2 });
  if (bias !== undefined) states.set(bias, { rank: 1, axis: 1 });
  const given = metadata.draws.filter(({ distribution }) => distribution.kind === "targets").map(({ input }) => input);
  for (const input of [names.targets, ...given]) states.set(input, { rank: 2, axis: 1 });
  // What a state is replaced by tells of its own axes; that may tell of others.
  for (;;) {
    const known = new Map(states);
    const before = states.size;
    for (const { algorithm = {}, ...info } of [{ algorithm: inference }, ...training]) {
      const own = algorithm ?? {};
      const nodes = own === inference ? (own.node ?? []) : [...(inference.node ?? []), ...(own.node ?? [])];
      const constants = constantsOf(inference, own);
      followClasses(nodes, constants, classes, replaced, known);
      if (metadata.objective === "single-label") requirePlainObjective(nodes, constants, replaced);
      for (const [state, next] of bindingsOf(info)) {
        const axis = known.get(next);
        if (axis && !states.has(state)) states.set(state, axis);
      }
    }
    if (states.size === before) return known;
  }
};

/** Rows of a tensor, by an axis that counts from the last. */
const pickRows = (
  bytes: Uint8Array,
  { type, dims }: Pick<StoredTensor, "type" | "dims">,
  axis: number,
  rows: readonly number[],
): Uint8Array => {
  const at = dims.length - axis;
  const inner = dims.slice(at + 1).reduce((product, dim) => product * dim, bytesPerElement[type]);
  const outer = dims.slice(0, at).reduce((product, dim) => product * dim, 1);
  const before = dims[at] ?? 0;
  const picked = new Uint8Array(outer * rows.length * inner);
  for (let block = 0; block < outer; block++) {
    rows.forEach((row, index) => {
      const start = (block * before + row) * inner;
      picked.set(bytes.subarray(start, start + inner), (block * rows.length + index) * inner);
    });
  }
  return picked;
};

const withLength = <Value>(dims: readonly Value[], axis: number, length: Value): Value[] =>
  dims.map((dim, index) => (index === dims.length - axis ? length : dim));

/** Of each class the row that it begins with: its own where the graph knows its name; of the others the first that are left. */
const rowsFor = (classes: readonly string[], own: readonly string[]): readonly number[] => {
  const known = classes.map((name) => own.indexOf(name));
  const free = own.map((_, index) => index).filter((index) => !known.includes(index));
  return known.map((index) => (index >= 0 ? index : (free.shift() ?? 0)));
};

/** @throws UserError where the graph has fewer classes, or cannot be cut to fewer, or not without a change of what it learns */
export const withClasses = async (given: Artifact, classes: readonly string[]): Promise<Artifact> => {
  const { path, metadata } = given;
  const own = metadata.classes;
  if (own.length === classes.length && own.every((name, index) => name === classes[index])) return given;
  const facts = { path, classes: classes.length, most: own.length };
  if (classes.length > own.length) {
    const told = `has room for ${own.length} ${plural(own.length, "class", "classes")}, and ${classes.length} are named`;
    throw new UserError("classes-too-many", facts, `${told}; compile its spec with ${classes.length} or more`);
  }
  try {
    return await cut(withDecisions(given, undefined), classes);
  } catch (error) {
    if (!(error instanceof NotCut)) throw error;
    if (classes.length === own.length) return renamed(withDecisions(given, undefined), { classes });
    const told = `is for ${own.length} classes, and cannot be cut to the ${classes.length} that are named: ${error.message}`;
    throw new UserError("classes-too-few", facts, `${told}; compile its spec with ${classes.length}`);
  }
};

/** The artifact with these properties in the place of its own. */
const renamed = (artifact: Artifact, changes: Partial<ArtifactMetadata>): Artifact => {
  const values = new Map(
    Object.entries(changes).map(([key, value]) => [metadataKey(key as keyof ArtifactMetadata), value]),
  );
  const metadataProps = (artifact.model.metadataProps ?? []).map((property) => {
    const value = values.get(property.key ?? "");
    return value === undefined ? property : { ...property, value: JSON.stringify(value) };
  });
  const model = { ...artifact.model, metadataProps };
  return { ...artifact, graph: encodeOnnx(model), metadata: { ...artifact.metadata, ...changes }, model };
};

const cut = async (artifact: Artifact, classes: readonly string[]): Promise<Artifact> => {
  const { model, metadata } = artifact;
  const axes = classAxes(artifact);
  const rows = rowsFor(classes, metadata.classes);
  const length = rows.length;

  const cutType = <Info extends onnx.IValueInfoProto>(info: Info): Info => {
    const known = axes.get(info.name ?? "");
    const dim = info.type?.tensorType?.shape?.dim;
    if (!known || !dim) return info;
    const shape = { dim: withLength(dim, known.axis, { dimValue: length }) };
    return { ...info, type: { tensorType: { ...info.type?.tensorType, shape } } };
  };
  const cutSparse = (tensor: onnx.ISparseTensorProto): onnx.ISparseTensorProto => {
    const known = axes.get(tensor.values?.name ?? "");
    return known ? { ...tensor, dims: withLength(tensor.dims ?? [], known.axis, length) } : tensor;
  };

  const parameters: StoredTensor[] = [];
  for (const parameter of artifact.parameters) {
    const known = axes.get(parameter.name);
    if (!known) {
      parameters.push(parameter);
      continue;
    }
    const { buffer } = await readTensor(parameter);
    const bytes = pickRows(new Uint8Array(buffer), parameter, known.axis, rows);
    const dims = withLength(parameter.dims, known.axis, length);
    parameters.push({ ...parameter, dims, storage: { kind: "inline", bytes } });
  }
  const changed = new Map(parameters.filter(({ name }) => axes.has(name)).map((each) => [each.name, each]));
  const cutTensor = (tensor: onnx.ITensorProto): onnx.ITensorProto => {
    const own = changed.get(tensor.name ?? "");
    if (own?.storage.kind !== "inline") return tensor;
    const { dims, storage } = own;
    return { ...tensor, dims: [...dims], rawData: storage.bytes, dataLocation: null, externalData: null };
  };
  const cutGraph = (graph: onnx.IGraphProto): onnx.IGraphProto => ({
    ...graph,
    initializer: (graph.initializer ?? []).map(cutTensor),
    sparseInitializer: (graph.sparseInitializer ?? []).map(cutSparse),
    input: (graph.input ?? []).map(cutType),
    output: (graph.output ?? []).map(cutType),
    valueInfo: (graph.valueInfo ?? []).map(cutType),
  });

  const draws = metadata.draws.map((draw) =>
    axes.has(draw.input) ? { ...draw, shape: withLength(draw.shape, 1, length) } : draw,
  );
  const removed = artifact.parameters.reduce((total, { name, dims }, index) => {
    const count = (sizes: readonly number[]): number => sizes.reduce((product, dim) => product * dim, 1);
    return axes.has(name) ? total + count(dims) - count(parameters[index]?.dims ?? []) : total;
  }, 0);
  const changes = { classes, draws, parameters: metadata.parameters - removed } as const;
  const cutModel: onnx.IModelProto = {
    ...model,
    graph: cutGraph(model.graph ?? {}),
    trainingInfo: (model.trainingInfo ?? []).map((info) => ({ ...info, algorithm: cutGraph(info.algorithm ?? {}) })),
  };
  return renamed({ ...artifact, model: cutModel, parameters }, changes);
};
