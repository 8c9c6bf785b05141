/** The linear model with steps in parts: gradients add up in a state until a part says to step with them. */
import onnxProto, { type onnx } from "onnx-proto";
import type { ArtifactMetadata } from "../../../compiler/artifact.ts";
import { type LinearModel, linearModel, metadata } from "./linear-artifact.ts";

const { DataType } = onnxProto.onnx.TensorProto;

const value = (name: string, elemType: number, ...dims: readonly number[]): onnx.IValueInfoProto => ({
  name,
  type: { tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
});
const zeros = (name: string): onnx.ITensorProto => ({
  name,
  dims: [4, 2],
  dataType: DataType.FLOAT,
  rawData: new Uint8Array(32),
});
const node = (opType: string, input: string[], output: string): onnx.INodeProto => ({
  opType,
  input,
  output: [output],
});

/** The steps' outputs by the states they replace, before it is decided whether they do. */
const stepped = { weight: "weight_next", velocity: "velocity_next", steps: "steps_next" };

/** @param accumulate parts of a step */
export const accumulatingModel = (accumulate: number, changes: Partial<ArtifactMetadata> = {}): LinearModel => {
  const recipe = { ...metadata.recipe, ...changes.recipe, accumulate };
  const model = linearModel({ ...changes, recipe });
  const algorithm = model.trainingInfo?.[0]?.algorithm ?? {};
  const renamed = (name: string): string => (Object.values(stepped).includes(name) ? `${name}/stepped` : name);
  const nodes = (algorithm.node ?? []).map((each) => ({
    ...each,
    input: (each.input ?? []).map((name) => renamed(name === "gradient" ? "gradients" : name)),
    output: (each.output ?? []).map(renamed),
  }));
  const firstUse = nodes.findIndex(({ input }) => input.includes("gradients"));
  const full: onnx.IGraphProto = {
    ...algorithm,
    node: [
      ...nodes.slice(0, firstUse),
      node("Add", ["accumulation.weight", "gradient"], "gradients"),
      ...nodes.slice(firstUse),
      node("Where", ["update", "no_gradients", "gradients"], "accumulation.weight_next"),
      ...Object.entries(stepped).map(([state, next]) => node("Where", ["update", `${next}/stepped`, state], next)),
    ],
    initializer: [...(algorithm.initializer ?? []), zeros("no_gradients"), zeros("accumulation.weight")],
    input: [...(algorithm.input ?? []), value("update", DataType.BOOL)],
    output: [...(algorithm.output ?? []), value("accumulation.weight_next", DataType.FLOAT, 4, 2)],
  };
  const binding = [
    ...(model.trainingInfo?.[0]?.updateBinding ?? []),
    { key: "accumulation.weight", value: "accumulation.weight_next" },
  ];
  return { ...model, trainingInfo: [{ algorithm: full, updateBinding: binding }] };
};
