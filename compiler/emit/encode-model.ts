/** The one edge to protobuf: a graph as the ModelProto and TrainingInfoProto of the ONNX standard. */
import onnxProto from "onnx-proto";
import { type Place, printPlace } from "../artifact-files.ts";
import { elements } from "../ir/dim.ts";
import type { Attribute, Constant, Graph, Node, State, Value } from "../ir/graph.ts";
import { onnxTypeNumber } from "../ops/elementwise.ts";
import { findOp } from "../ops/table.ts";
import { nodesLeadingTo } from "../passes/remove-dead-code.ts";

const { onnx } = onnxProto;
type NodeProto = onnxProto.onnx.INodeProto;
type TensorProto = onnxProto.onnx.ITensorProto;

/** Version of the ONNX operator set, and the first IR version that goes with it. */
const opset = 20;
const irVersion = 9;

/** Where a parameter's values are: in the file itself, or at a place in the data file. */
export type Placement =
  | { readonly kind: "inline"; readonly bytes: Uint8Array }
  | { readonly kind: "external"; readonly place: Place };

export interface Program {
  readonly graph: Graph;
  /** Those of the graph's outputs that belong to inference. */
  readonly inferenceOutputs: readonly Value[];
}

const { AttributeType } = onnx.AttributeProto;

const encodeAttribute = (name: string, value: Attribute, isFloat: boolean): onnxProto.onnx.IAttributeProto => {
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if (typeof value !== "number") return { name, type: AttributeType.INTS, ints: value.map(Number) };
  return isFloat ? { name, type: AttributeType.FLOAT, f: value } : { name, type: AttributeType.INT, i: value };
};

const encodeType = ({ name, type }: Value): onnxProto.onnx.IValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: onnxTypeNumber[type.dtype],
      shape: { dim: type.shape.map((dim) => (typeof dim === "number" ? { dimValue: dim } : { dimParam: dim })) },
    },
  },
});

const encodeConstant = ({ value: { name, type }, data }: Constant): TensorProto => ({
  name,
  dataType: onnxTypeNumber[type.dtype],
  dims: type.shape.map(Number),
  rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});

const encodeParameter = ({ value: { name, type } }: State, placement: Placement): TensorProto => {
  const tensor = { name, dataType: onnxTypeNumber[type.dtype], dims: type.shape.map(Number) };
  if (placement.kind === "inline") return { ...tensor, rawData: placement.bytes };
  return {
    ...tensor,
    dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
    externalData: printPlace(placement.place),
  };
};

/** Initial values that are alike in all elements. */
const encodeUniform = ({ value, initializer }: State): TensorProto => {
  const number = initializer.kind === "constant" ? initializer.value : 0;
  const count = elements(value.type.shape);
  const Data = value.type.dtype === "int32" ? Int32Array : Float32Array;
  return encodeConstant({ value, data: new Data(count).fill(number) });
};

/** Zeros, stored in no space. */
const encodeSparseZeros = ({ value: { name, type } }: State): onnxProto.onnx.ISparseTensorProto => ({
  values: { name, dataType: onnxTypeNumber[type.dtype], dims: [0] },
  indices: { dataType: onnxTypeNumber.int64, dims: [0] },
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
): readonly NodeProto[] =>
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

/**
 * @param place where the values of each parameter are
 * @returns the file's bytes. `ModelProto.graph` is what leads to the inference outputs; all else is the training algorithm,
 *   whose optimizer states are sparse where they start at zero.
 */
export const encodeModel = (
  { graph, inferenceOutputs }: Program,
  place: (state: State) => Placement,
  metadata: readonly { readonly key: string; readonly value: string }[],
  producerVersion: string,
): Uint8Array => {
  const inferenceNodes = nodesLeadingTo(graph.nodes, inferenceOutputs);
  const isInference = new Set(inferenceNodes);
  const trainingNodes = graph.nodes.filter((node) => !isInference.has(node));
  const readBy = (nodes: readonly Node[]): ReadonlySet<string | undefined> =>
    new Set(nodes.flatMap(({ inputs }) => inputs.map((input) => input?.name)));
  const readByInference = readBy(inferenceNodes);
  const isRead = ({ value }: { readonly value: Value }): boolean => readByInference.has(value.name);

  const inferenceIntegers = createIntegerInputs();
  const trainingIntegers = createIntegerInputs();
  const inferenceProtos = encodeNodes(inferenceNodes, inferenceIntegers.name);
  const trainingProtos = encodeNodes(trainingNodes, trainingIntegers.name);
  const ownTrainingIntegers = [...trainingIntegers.constants].filter(
    ([name]) => !inferenceIntegers.constants.has(name),
  );

  const parameters = graph.states.filter(({ kind }) => kind === "parameter");
  const optimizerStates = graph.states.filter(({ kind }) => kind === "optimizer");
  const isSparse = ({ value, initializer }: State): boolean =>
    initializer.kind === "zeros" && value.type.shape.length > 0;
  const trained = graph.states.filter(({ next }) => next);
  const inferenceInputs = graph.inputs.filter(({ name }) => readByInference.has(name));
  const trainingInputs = graph.inputs.filter(({ name }) => !readByInference.has(name));
  const lossOutputs = graph.outputs.filter((output) => !inferenceOutputs.includes(output));

  const algorithm: onnxProto.onnx.IGraphProto = {
    name: "training step",
    node: [...trainingProtos],
    input: trainingInputs.map(encodeType),
    output: [...lossOutputs, ...trained.flatMap(({ next }) => next ?? [])].map(encodeType),
    initializer: [
      ...graph.constants.filter((constant) => !isRead(constant)).map(encodeConstant),
      ...ownTrainingIntegers.map(([, constant]) => encodeConstant(constant)),
      ...optimizerStates.filter((state) => !isSparse(state)).map(encodeUniform),
    ],
    sparseInitializer: optimizerStates.filter(isSparse).map(encodeSparseZeros),
  };

  const model: onnxProto.onnx.IModelProto = {
    irVersion,
    opsetImport: [{ domain: "", version: opset }],
    producerName: "specgraph",
    producerVersion,
    graph: {
      name: "inference",
      node: [...inferenceProtos],
      input: inferenceInputs.map(encodeType),
      output: inferenceOutputs.map(encodeType),
      initializer: [
        ...parameters.map((state) => encodeParameter(state, place(state))),
        ...graph.constants.filter(isRead).map(encodeConstant),
        ...[...inferenceIntegers.constants.values()].map(encodeConstant),
      ],
    },
    metadataProps: metadata.map(({ key, value }) => ({ key, value })),
    trainingInfo:
      trained.length === 0
        ? []
        : [
            {
              algorithm,
              updateBinding: trained.map(({ value, next }) => ({ key: value.name, value: next?.name ?? "" })),
            },
          ],
  };
  return onnx.ModelProto.encode(model).finish();
};
