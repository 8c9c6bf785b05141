/** A program as the ModelProto and TrainingInfoProto of the ONNX standard. */
import { onnxTypeNumbers } from "../artifact/element-types.ts";
import {
  type Cut,
  type Dim,
  type LengthName,
  printDim,
  printFactor,
  printTerm,
  type Term,
  termsOf,
} from "../artifact/dim.ts";
import { encodeValues, type Values } from "../artifact/external-data.ts";
import { AttributeType, type onnx } from "../artifact/onnx.ts";
import { elements } from "../ir/shape.ts";
import type { Attribute, Constant, Graph, Node, State, Value } from "../ir/graph.ts";
import { weightsOf, type Program } from "../ir/program.ts";
import { findOp } from "../ops/table.ts";

/** Version of the ONNX operator set, and the first IR version that goes with it. */
export const opset = 20;
export const irVersion = 9;

const encodeAttribute = (name: string, value: Attribute, isFloat: boolean): onnx.IAttributeProto => {
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if (typeof value !== "number") return { name, type: AttributeType.INTS, ints: value.map(Number) };
  return isFloat ? { name, type: AttributeType.FLOAT, f: value } : { name, type: AttributeType.INT, i: value };
};

export const encodeType = ({ name, type }: Value): onnx.IValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: onnxTypeNumbers[type.dtype],
      shape: {
        dim: type.shape.map((dim) => (typeof dim === "number" ? { dimValue: dim } : { dimParam: printDim(dim) })),
      },
    },
  },
});

const encodeConstant = ({ value: { name, type }, data }: Constant): onnx.ITensorProto => ({
  name,
  dataType: onnxTypeNumbers[type.dtype],
  dims: type.shape.map(Number),
  rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});

const encodeParameter = ({ value: { name, type } }: State, values: Values): onnx.ITensorProto => ({
  name,
  dataType: onnxTypeNumbers[type.dtype],
  dims: type.shape.map(Number),
  ...encodeValues(values),
});

/** Initial values that are alike in all elements. */
const encodeUniform = ({ value, initializer }: State): onnx.ITensorProto => {
  const number = initializer.kind === "constant" ? initializer.value : 0;
  const count = elements(value.type.shape);
  const Data = value.type.dtype === "int32" ? Int32Array : Float32Array;
  return encodeConstant({ value, data: new Data(count).fill(number) });
};

/** Zeros, stored in no space. */
const encodeSparseZeros = ({ value: { name, type } }: State): onnx.ISparseTensorProto => ({
  values: { name, dataType: onnxTypeNumbers[type.dtype], dims: [0] },
  indices: { dataType: onnxTypeNumbers.int64, dims: [0] },
  dims: type.shape.map(Number),
});

/** int64 tensors that stand for attributes, shared between nodes. */
interface Integers {
  /** The name of the tensor that holds these lengths; -1 stands for one that ONNX infers. */
  readonly name: (lengths: readonly Dim[]) => string;
  /** What computes those that only a run knows, in order. */
  readonly nodes: ReadonlyMap<string, onnx.INodeProto>;
  readonly constants: ReadonlyMap<string, Constant>;
}

/** @param inputs of the graph, whose shapes have the named lengths */
const createIntegers = (inputs: readonly Value[]): Integers => {
  const constants = new Map<string, Constant>();
  const nodes = new Map<string, onnx.INodeProto>();
  const constant = (key: string, shape: readonly number[], values: readonly number[]): string => {
    const data = BigInt64Array.from(values, (value) => BigInt(value));
    constants.set(key, { value: { name: key, type: { dtype: "int64", shape } }, data });
    return key;
  };
  const list = (values: readonly number[]): string =>
    constant(`attribute/[${values.join(",")}]`, [values.length], values);
  const scalar = (value: number): string => constant(`attribute/${value}`, [], [value]);
  const node = (
    name: string,
    opType: string,
    input: readonly string[],
    attributes: Readonly<Record<string, number>> = {},
  ): string => {
    const attribute = Object.entries(attributes).map(([key, value]) => encodeAttribute(key, value, false));
    nodes.set(name, { name, opType, input: [...input], output: [name], attribute });
    return name;
  };
  const combine = (opType: string, parts: readonly string[], name: string): string =>
    parts.reduce((before, part, index) =>
      node(index === parts.length - 1 ? name : `${name}/${opType.toLowerCase()}.${index}`, opType, [before, part]),
    );

  /** [1] */
  const namedLength = (name: LengthName): string => {
    const input = inputs.find(({ type }) => type.shape.includes(name));
    if (!input) throw new Error(`no input has the length ${name}`);
    const axis = input.type.shape.indexOf(name);
    return node(`length/${name}`, "Shape", [input.name], { start: axis, end: axis + 1 });
  };
  const factorLength = (factor: LengthName | Cut): string => {
    if (typeof factor === "string") return namedLength(factor);
    const { of, from, to, by = 1 } = factor;
    const name = `length/${printFactor(factor)}`;
    const within = node(`${name}/clip.0`, "Clip", [namedLength(of), scalar(from), scalar(to)]);
    const beyond = node(by === 1 ? name : `${name}/sub.0`, "Sub", [within, scalar(from)]);
    return by === 1 ? beyond : node(name, "Div", [beyond, scalar(by)]);
  };
  const termLength = ({ times, factors }: Term): string => {
    const parts = factors.map(factorLength);
    return combine(
      "Mul",
      times === 1 && parts.length > 0 ? parts : [list([times]), ...parts],
      `length/${printTerm({ times, factors })}`,
    );
  };
  const length = (dim: Dim): string =>
    typeof dim === "number" ? list([dim]) : combine("Add", termsOf(dim).map(termLength), `length/${printDim(dim)}`);

  return {
    constants,
    nodes,
    name: (lengths) => {
      if (lengths.every((dim) => typeof dim === "number")) return list(lengths);
      const [only, ...others] = lengths;
      if (only !== undefined && others.length === 0) return length(only);
      return node(`length/[${lengths.map(printDim).join(",")}]`, "Concat", lengths.map(length), { axis: 0 });
    },
  };
};

/** Of a shape: ONNX infers a single length that only a run knows. */
const inferLength = (shape: readonly Dim[]): readonly Dim[] =>
  shape.filter((dim) => typeof dim !== "number").length === 1
    ? shape.map((dim) => (typeof dim === "number" ? dim : -1))
    : shape;

const encodeNodes = (nodes: readonly Node[], integers: Integers): readonly onnx.INodeProto[] =>
  nodes.map(({ op, inputs, outputs, attributes }) => {
    const { operands, onnx: target } = findOp(op);
    const operandNames = inputs.map((input) => input?.name ?? "");
    const attributeInput = (key: string): string => {
      const lengths = [attributes[key] ?? []].flat() as readonly Dim[];
      return integers.name(target.infers === key ? inferLength(lengths) : lengths);
    };
    const input =
      target.inputs?.map((key) => operandNames[operands.indexOf(key)] ?? attributeInput(key)) ?? operandNames;
    const plain = Object.entries(attributes).filter(
      ([key]) => !target.inputs?.includes(key) && !target.hidden?.includes(key),
    );
    return {
      name: outputs[0]?.name ?? "",
      opType: target.type,
      input: input.slice(0, input.findLastIndex((name) => name !== "") + 1),
      output: outputs.map(({ name }) => name),
      attribute: plain.map(([key, value]) => encodeAttribute(key, value, target.asFloats?.includes(key) ?? false)),
    };
  });

/** What an ONNX graph holds of a graph besides inputs, states and outputs: its nodes, and the constants that they read. */
interface EncodedBody {
  readonly node: onnx.INodeProto[];
  readonly initializer: onnx.ITensorProto[];
}

const encodeBody = ({ nodes, constants }: Graph, integers: Integers): EncodedBody => {
  const encoded = encodeNodes(nodes, integers);
  return {
    node: [...integers.nodes.values(), ...encoded],
    initializer: [...constants, ...integers.constants.values()].map(encodeConstant),
  };
};

/** The same of a graph that stands alone. */
export const encodeGraphBody = (graph: Graph): EncodedBody => encodeBody(graph, createIntegers(graph.inputs));

const isSparse = ({ value, initializer }: State): boolean =>
  initializer.kind === "zeros" && value.type.shape.length > 0;

const namesOf = (values: readonly Value[]): ReadonlySet<string> => new Set(values.map(({ name }) => name));

/**
 * A stage as an algorithm of the standard: the part of it that is not in the inference graph. States that several stages
 * share are in the list of each, as the graph that is run is the algorithm with the inference graph and nothing else.
 */
const encodeStage = (
  name: string,
  stage: Graph,
  inference: Graph,
  inferenceIntegers: Integers,
): onnx.ITrainingInfoProto => {
  const known = namesOf([
    ...inference.inputs,
    ...inference.constants.map(({ value }) => value),
    ...inference.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const integers = createIntegers(stage.inputs);
  const nodes = stage.nodes.filter(({ outputs }) => !outputs.some((output) => known.has(output.name)));
  const own = stage.states.filter(({ kind }) => kind === "gradient" || kind === "optimizer");
  const replaced = stage.states.flatMap(({ value, next }) => (next ? [{ value, next }] : []));
  const encoded = encodeNodes(nodes, integers);
  const lengths = [...integers.nodes].flatMap(([key, node]) => (inferenceIntegers.nodes.has(key) ? [] : [node]));
  return {
    algorithm: {
      name,
      node: [...lengths, ...encoded],
      input: stage.inputs.filter((input) => !known.has(input.name)).map(encodeType),
      output: [...stage.outputs, ...replaced.map(({ next }) => next)].map(encodeType),
      initializer: [
        ...stage.constants.filter(({ value }) => !known.has(value.name)).map(encodeConstant),
        ...[...integers.constants].flatMap(([key, constant]) =>
          inferenceIntegers.constants.has(key) ? [] : [encodeConstant(constant)],
        ),
        ...own.filter((state) => !isSparse(state)).map(encodeUniform),
      ],
      sparseInitializer: own.filter(isSparse).map(encodeSparseZeros),
    },
    updateBinding: replaced.map(({ value, next }) => ({ key: value.name, value: next.name })),
  };
};

/**
 * @param place where the values of each parameter are
 * @returns what the file holds. `ModelProto.graph` is inference; `training_info` has the gradients, and then the update. States
 *   that start at zero are sparse.
 */
export const encodeModel = (
  program: Program,
  place: (state: State) => Values,
  metadata: readonly { readonly key: string; readonly value: string }[],
  producerVersion: string,
): onnx.IModelProto => {
  const { inference, gradients, update } = program;
  const integers = createIntegers(inference.inputs);
  const body = encodeBody(inference, integers);
  const stage = (name: string, graph: Graph | undefined): readonly onnx.ITrainingInfoProto[] =>
    graph ? [encodeStage(name, graph, inference, integers)] : [];
  return {
    irVersion,
    opsetImport: [{ domain: "", version: opset }],
    producerName: "specgraph",
    producerVersion,
    graph: {
      name: "inference",
      node: body.node,
      input: inference.inputs.map(encodeType),
      output: inference.outputs.map(encodeType),
      initializer: [...weightsOf(program).map((state) => encodeParameter(state, place(state))), ...body.initializer],
    },
    metadataProps: metadata.map(({ key, value }) => ({ key, value })),
    trainingInfo: [...stage("gradients", gradients), ...stage("update", update)],
  };
};
