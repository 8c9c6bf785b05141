/** A hand-made artifact small enough to check by hand: logits = waveform * weight, trained with momentum on cross-entropy. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { AttributeType, DataLocation, DataType, encodeOnnx, type onnx } from "../../../compiler/artifact/onnx.ts";
import { product } from "../../../compiler/artifact/dim.ts";
import { type ArtifactMetadata, formatVersion, printMetadata } from "../../../compiler/artifact/metadata.ts";

export const metadata: ArtifactMetadata = {
  formatVersion,
  compilerVersion: "test",
  specName: "linear",
  specHash: "0123456789abcdef",
  input: "waveform",
  sampleRateHz: 16_000,
  minSamples: 4,
  frames: 1,
  bins: 4,
  frameShiftSamples: 4,
  normalization: { mean: 0, scale: 1 },
  objective: "single-label",
  classes: ["low", "high"],
  recipe: {
    learningRate: 0.5,
    schedule: { kind: "constant", warmup: null },
    batch: 2,
    accumulate: 1,
    epochs: 2,
    seed: 0,
    precision: "float32",
    stepsPerRun: null,
    sampling: "shuffled",
    augmentation: [],
    averaging: null,
    bestBy: "accuracy",
    earlyStopping: null,
  },
  draws: [],
  parameters: 8,
  frozen: [],
  cost: {
    inference: {
      flops: product([16, "batch"]),
      activationBytes: product([16, "batch"]),
      largestTensorBytes: [8],
      peakBytes: [product([16, "batch"])],
    },
    gradients: {
      flops: product([48, "batch"]),
      activationBytes: product([48, "batch"]),
      largestTensorBytes: [32],
      peakBytes: [product([40, "batch"]), 32],
    },
    update: { flops: 24, activationBytes: 64, largestTensorBytes: [32], peakBytes: [32] },
    stateBytes: { inference: 32, training: 96 },
  },
  huggingFace: null,
};

const raw = (data: Float32Array | Int32Array): Uint8Array => new Uint8Array(data.buffer);
const floats = (name: string, dims: readonly number[], values: readonly number[]): onnx.ITensorProto => ({
  name,
  dims: [...dims],
  dataType: DataType.FLOAT,
  rawData: raw(Float32Array.from(values)),
});
const valueInfo = (name: string, ...dims: readonly (number | string)[]): onnx.IValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: DataType.FLOAT,
      shape: { dim: dims.map((dim) => (typeof dim === "string" ? { dimParam: dim } : { dimValue: dim })) },
    },
  },
});
const node = (
  opType: string,
  input: readonly string[],
  output: string,
  axes: readonly number[] = [],
): onnx.INodeProto => ({
  opType,
  input: [...input],
  output: [output],
  attribute: axes.length > 0 ? [{ name: "axis", type: AttributeType.INT, i: axes[0] ?? 0 }] : [],
});
const scalarMean = (input: string, output: string): onnx.INodeProto => ({
  ...node("ReduceMean", [input], output),
  attribute: [{ name: "keepdims", type: AttributeType.INT, i: 0 }],
});

/** [4, 2], row-major: what the parameter starts from. */
export const startWeight = [0.1, -0.1, 0.2, -0.2, 0.3, -0.3, 0.4, -0.4];

const int32 = (name: string, value: number): onnx.ITensorProto => ({
  name,
  dims: [],
  dataType: DataType.INT32,
  rawData: raw(Int32Array.of(value)),
});

/** Zeros that take no bytes. */
const zeros = (name: string): onnx.ISparseTensorProto => ({
  dims: [4, 2],
  values: { name, dataType: DataType.FLOAT, dims: [0] },
  indices: { dataType: DataType.INT64, dims: [0] },
});

/** The gradient is that of the summed loss over the clips: waveform^T (scores - targets). */
const gradients = (): onnx.ITrainingInfoProto => ({
  algorithm: {
    name: "gradients",
    node: [
      node("Sub", ["scores", "targets"], "error"),
      node("LogSoftmax", ["logits"], "log_scores", [-1]),
      node("Mul", ["targets", "log_scores"], "kept"),
      node("Mul", ["kept", "minus_classes"], "losses"),
      scalarMean("losses", "loss"),
      node("Transpose", ["waveform"], "waveform_transposed"),
      node("MatMul", ["waveform_transposed", "error"], "gradient"),
    ],
    initializer: [floats("minus_classes", [], [-2])],
    sparseInitializer: [zeros("gradient.weight")],
    input: [valueInfo("targets", "batch", 2)],
    output: [valueInfo("loss"), valueInfo("gradient", 4, 2)],
  },
  updateBinding: [{ key: "gradient.weight", value: "gradient" }],
});

const update = (): onnx.ITrainingInfoProto => ({
  algorithm: {
    name: "update",
    node: [
      node("Mul", ["velocity", "momentum"], "carried"),
      node("Add", ["carried", "gradient.weight"], "velocity_next"),
      node("Mul", ["velocity_next", "learning_rate"], "movement"),
      node("Sub", ["weight", "movement"], "weight_next"),
      node("Add", ["steps", "one"], "steps_next"),
    ],
    initializer: [floats("momentum", [], [0.5]), int32("one", 1), int32("steps", 0)],
    sparseInitializer: [zeros("gradient.weight"), zeros("velocity")],
    input: [valueInfo("learning_rate")],
    output: [
      valueInfo("weight_next", 4, 2),
      valueInfo("velocity_next", 4, 2),
      { name: "steps_next", type: { tensorType: { elemType: DataType.INT32, shape: { dim: [] } } } },
    ],
  },
  updateBinding: [
    { key: "weight", value: "weight_next" },
    { key: "velocity", value: "velocity_next" },
    { key: "steps", value: "steps_next" },
  ],
});

export interface LinearModel extends onnx.IModelProto {
  graph: onnx.IGraphProto & { initializer: onnx.ITensorProto[] };
}

export const linearModel = (changes: Partial<ArtifactMetadata> = {}): LinearModel => ({
  irVersion: 9,
  opsetImport: [{ domain: "", version: 17 }],
  graph: {
    name: "inference",
    node: [node("MatMul", ["waveform", "weight"], "logits"), node("Softmax", ["logits"], "scores", [-1])],
    initializer: [floats("weight", [4, 2], startWeight)],
    input: [valueInfo("waveform", "batch", 4)],
    output: ["logits", "scores"].map((name) => valueInfo(name, "batch", (changes.classes ?? metadata.classes).length)),
  },
  metadataProps: printMetadata({ ...metadata, ...changes }),
  trainingInfo: [gradients(), update()],
});

/** @returns the path of `graph.onnx` */
export const writeLinearModel = (folder: string, model: onnx.IModelProto = linearModel()): string => {
  const path = join(folder, "graph.onnx");
  writeFileSync(path, encodeOnnx(model));
  return path;
};

/** The weight in a data file, after `offset` bytes of something else. */
export const writeExternalModel = (
  folder: string,
  {
    location = "graph.onnx.data",
    offset = 4096,
    checksum,
  }: { readonly location?: string; readonly offset?: number; readonly checksum?: string } = {},
): string => {
  const model = linearModel();
  const bytes = raw(Float32Array.from(startWeight));
  const place = { location, offset, length: bytes.length, ...(checksum === undefined ? {} : { checksum }) };
  model.graph.initializer = [
    {
      name: "weight",
      dims: [4, 2],
      dataType: DataType.FLOAT,
      dataLocation: DataLocation.EXTERNAL,
      externalData: Object.entries(place).map(([key, value]) => ({ key, value: String(value) })),
    },
  ];
  writeFileSync(join(folder, "graph.onnx.data"), Buffer.concat([new Uint8Array(offset).fill(7), bytes]));
  return writeLinearModel(folder, model);
};
