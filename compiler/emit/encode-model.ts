/** A program as the ModelProto and TrainingInfoProto of the ONNX standard. */
import { onnxTypeNumbers } from "../artifact/element-types.ts";
import { printDim } from "../artifact/dim.ts";
import { encodeValues, type Values } from "../artifact/external-data.ts";
import { AttributeType, type onnx } from "../artifact/onnx.ts";
import { elements } from "../ir/shape.ts";
import type { Attribute, Constant, Graph, Node, State, Value } from "../ir/graph.ts";
import { weightsOf, type Program } from "../ir/program.ts";
import { findOp } from "../ops/table.ts";

/** Version of the ONNX operator set, and the first IR version that goes with it. */
const opset = 20;
const irVersion = 9;

const encodeAttribute = (name: string, value: Attribute, isFloat: boolean): onnx.IAttributeProto => {
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if (typeof value !== "number") return { name, type: AttributeType.INTS, ints: value.map(Number) };
  return isFloat ? { name, type: AttributeType.FLOAT, f: value } : { name, type: AttributeType.INT, i: value };
};

const encodeType = ({ name, type }: Value): onnx.IValueInfoProto => ({
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
const createIntegerInputs = (): {
  readonly name: (values: readonly number[]) => string;
  readonly constants: Map<string, Constant>;
} => {
  const constants = new Map<string, Constant>();
  const name = (values: readonly number[]): string => {
    const key = `attribute/[${values.join(",")}]`;
    const data = BigInt64Array.from(values, (value) => BigInt(value));
    constants.set(key, { value: { name: key, type: { dtype: "int64", shape: [values.length] } }, data });
    return key;
  };
  return { name, constants };
};

const encodeNodes = (
  nodes: readonly Node[],
  integerInput: (values: readonly number[]) => string,
): readonly onnx.INodeProto[] =>
  nodes.map(({ op, inputs, outputs, attributes }) => {
    const { operands, onnx: target } = findOp(op);
    const operandNames = inputs.map((input) => input?.name ?? "");
    const attributeInput = (key: string): string => {
      const values = [attributes[key] ?? []].flat();
      return integerInput(values.map((dim) => (typeof dim === "number" ? dim : -1)));
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
  inferenceIntegers: ReadonlyMap<string, Constant>,
): onnx.ITrainingInfoProto => {
  const known = namesOf([
    ...inference.inputs,
    ...inference.constants.map(({ value }) => value),
    ...inference.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const integers = createIntegerInputs();
  const nodes = stage.nodes.filter(({ outputs }) => !outputs.some((output) => known.has(output.name)));
  const own = stage.states.filter(({ kind }) => kind === "gradient" || kind === "optimizer");
  const replaced = stage.states.flatMap(({ value, next }) => (next ? [{ value, next }] : []));
  const node = [...encodeNodes(nodes, integers.name)];
  return {
    algorithm: {
      name,
      node,
      input: stage.inputs.filter((input) => !known.has(input.name)).map(encodeType),
      output: [...stage.outputs, ...replaced.map(({ next }) => next)].map(encodeType),
      initializer: [
        ...stage.constants.filter(({ value }) => !known.has(value.name)).map(encodeConstant),
        ...[...integers.constants].flatMap(([key, constant]) =>
          inferenceIntegers.has(key) ? [] : [encodeConstant(constant)],
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
  const integers = createIntegerInputs();
  const node = [...encodeNodes(inference.nodes, integers.name)];
  const stage = (name: string, graph: Graph | undefined): readonly onnx.ITrainingInfoProto[] =>
    graph ? [encodeStage(name, graph, inference, integers.constants)] : [];
  return {
    irVersion,
    opsetImport: [{ domain: "", version: opset }],
    producerName: "specgraph",
    producerVersion,
    graph: {
      name: "inference",
      node,
      input: inference.inputs.map(encodeType),
      output: inference.outputs.map(encodeType),
      initializer: [
        ...weightsOf(program).map((state) => encodeParameter(state, place(state))),
        ...inference.constants.map(encodeConstant),
        ...[...integers.constants.values()].map(encodeConstant),
      ],
    },
    metadataProps: metadata.map(({ key, value }) => ({ key, value })),
    trainingInfo: [...stage("gradients", gradients), ...stage("update", update)],
  };
};
