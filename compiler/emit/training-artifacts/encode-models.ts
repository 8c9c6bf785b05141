/**
 * The three models of ONNX Runtime's training API, laid out as `onnxruntime.training.artifacts.generate_artifacts` does (ONNX Runtime
 * 1.19.2, orttraining/orttraining/python/training): parameters are inputs that the API feeds from its checkpoint, told apart by their
 * names alone.
 */
import { onnxTypeNumbers } from "../../artifact/element-types.ts";
import { gradientName, names } from "../../artifact/names.ts";
import { AttributeType, type onnx } from "../../artifact/onnx.ts";
import { version } from "../../artifact/version.ts";
import type { Graph, State } from "../../ir/graph.ts";
import type { NormalizedTraining } from "../../ir/normalized-spec.ts";
import { optimizerRow } from "../../lower/optimizers/optimizers.ts";
import { encodeGraphBody, encodeType, irVersion, opset } from "../encode-model.ts";

/** Of ONNX Runtime's own operators. */
const microsoft = "com.microsoft";

/** bool [1]: whether gradients start again, or are added to those that are there. */
const lazyReset = "lazy_reset_grad";
const bufferName = (parameter: string): string => `${parameter}_grad.accumulation.buffer`;
const accumulatedName = (parameter: string): string => `${parameter}_grad.accumulation.out`;

const encodeModel = (graph: onnx.IGraphProto): onnx.IModelProto => ({
  irVersion,
  opsetImport: [
    { domain: "", version: opset },
    { domain: microsoft, version: 1 },
  ],
  producerName: "specgraph",
  producerVersion: version,
  graph,
});

const single = (name: string, elemType: number): onnx.IValueInfoProto => ({
  name,
  type: { tensorType: { elemType, shape: { dim: [{ dimValue: 1 }] } } },
});
const isDone = (name: string): onnx.IValueInfoProto => single(name, onnxTypeNumbers.bool);

/** The parameters whose gradients a stage replaces. */
export const trainedOf = (gradients: Graph, parameters: readonly State[]): readonly State[] => {
  const replaced = new Set(gradients.states.flatMap(({ value, next }) => (next ? [value.name] : [])));
  return parameters.filter(({ value }) => replaced.has(gradientName(value.name)));
};

/**
 * Loss and gradients, which the API accumulates.
 * @param graph whose gradients' states are replaced by what is accumulated
 * @param parameters that are fed, in the order of the evaluation's model
 */
export const encodeTrainingModel = (graph: Graph, parameters: readonly State[]): onnx.IModelProto => {
  const body = encodeGraphBody(graph);
  const next = new Map(graph.states.map((state) => [state.value.name, state.next]));
  const trained = trainedOf(graph, parameters).map(({ value }) => value);
  return encodeModel({
    name: "training",
    node: [
      ...body.node,
      ...trained.map(({ name }) => ({
        name: `accumulate/${name}`,
        opType: "InPlaceAccumulatorV2",
        domain: microsoft,
        input: [bufferName(name), next.get(gradientName(name))?.name ?? "", lazyReset],
        output: [accumulatedName(name)],
      })),
    ],
    initializer: body.initializer,
    input: [
      ...graph.inputs.map(encodeType),
      ...parameters.map(({ value }) => encodeType(value)),
      ...trained.map(({ name, type }) => encodeType({ name: bufferName(name), type })),
      isDone(lazyReset),
    ],
    output: [...graph.outputs.map(encodeType), ...trained.map(({ name }) => isDone(accumulatedName(name)))],
  });
};

/** What held-out clips are judged by, and what the API exports inference from. */
export const encodeEvaluationModel = (graph: Graph, parameters: readonly State[]): onnx.IModelProto =>
  encodeModel({
    name: "evaluation",
    ...encodeGraphBody(graph),
    input: [...graph.inputs, ...parameters.map(({ value }) => value)].map(encodeType),
    output: graph.outputs.map(encodeType),
  });

const sequence = (name: string): onnx.IValueInfoProto => ({
  name,
  type: { sequenceType: { elemType: { tensorType: { elemType: onnxTypeNumbers.float32 } } } },
});

const number = (name: string, f: number): onnx.IAttributeProto => ({ name, type: AttributeType.FLOAT, f });
const whole = (name: string, i: number): onnx.IAttributeProto => ({ name, type: AttributeType.INT, i });

/** The step, in place, on sequences of tensors: with `adam_mode` 0 that of `torch.optim.AdamW`. */
export const encodeOptimizerModel = ({
  optimizer,
  clipNorm,
}: Pick<NormalizedTraining, "optimizer" | "clipNorm">): onnx.IModelProto => {
  const { betas, eps, decay } = optimizerRow(optimizer).asAdamW(optimizer);
  const inputs = ["params", "gradients", "first_order_moments", "second_order_moments"];
  const clipped = "clipped_gradients";
  const clip = {
    name: "clip",
    opType: "InplaceClipGradNorm",
    domain: microsoft,
    input: ["gradients"],
    output: [clipped],
    attribute: [number("max_norm", clipNorm ?? 0)],
  };
  const step = {
    name: "step",
    opType: "AdamWOptimizer",
    domain: microsoft,
    input: [
      names.learningRate,
      "step",
      ...inputs.map((name) => (name === "gradients" && clipNorm !== null ? clipped : name)),
    ],
    output: ["updated_flag"],
    attribute: [
      number("alpha", betas[0]),
      number("beta", betas[1]),
      number("epsilon", eps),
      number("weight_decay", decay),
      whole("adam_mode", 0),
      whole("correct_bias", 1),
    ],
  };
  return encodeModel({
    name: "optimizer",
    node: clipNorm === null ? [step] : [clip, step],
    input: [
      single(names.learningRate, onnxTypeNumbers.float32),
      single("step", onnxTypeNumbers.int64),
      ...inputs.map(sequence),
    ],
    output: [isDone("updated_flag")],
  });
};
