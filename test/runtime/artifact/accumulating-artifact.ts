/** The linear model with steps in parts: gradients are added up where a part says to. */
import { DataType, type onnx } from "../../../compiler/artifact/onnx.ts";
import type { ArtifactMetadata } from "../../../compiler/artifact/metadata.ts";
import { type LinearModel, linearModel, metadata } from "./linear-artifact.ts";

const node = (opType: string, input: string[], output: string): onnx.INodeProto => ({
  opType,
  input,
  output: [output],
});

/** @param accumulate parts of a step */
export const accumulatingModel = (accumulate: number, changes: Partial<ArtifactMetadata> = {}): LinearModel => {
  const recipe = { ...metadata.recipe, ...changes.recipe, accumulate };
  const model = linearModel({ ...changes, recipe });
  const [gradients = {}, update = {}] = model.trainingInfo ?? [];
  const { algorithm = {} } = gradients;
  const full: onnx.IGraphProto = {
    ...algorithm,
    node: [
      ...(algorithm?.node ?? []),
      node("Where", ["accumulate", "gradient.weight", "nothing"], "before"),
      node("Add", ["before", "gradient"], "sum"),
    ],
    initializer: [
      ...(algorithm?.initializer ?? []),
      { name: "nothing", dims: [], dataType: DataType.FLOAT, rawData: new Uint8Array(4) },
    ],
    input: [
      ...(algorithm?.input ?? []),
      { name: "accumulate", type: { tensorType: { elemType: DataType.BOOL, shape: { dim: [] } } } },
    ],
    output: (algorithm?.output ?? []).map((output) =>
      output.name === "gradient" ? { ...output, name: "sum" } : output,
    ),
  };
  return {
    ...model,
    trainingInfo: [{ algorithm: full, updateBinding: [{ key: "gradient.weight", value: "sum" }] }, update],
  };
};
