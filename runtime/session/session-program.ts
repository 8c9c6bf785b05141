/** Turns an artifact into what ONNX Runtime runs: graphs whose parameters and other states are inputs, not constants. */
import onnxProto, { type onnx } from "onnx-proto";
import { names } from "../../compiler/artifact.ts";
import { UserError } from "../user-error.ts";
import { type Artifact, onnxTypeNumbers, readOptimizerStates } from "./read-artifact.ts";
import type { StoredTensor } from "./stored-tensor.ts";

/** A tensor that training carries from step to step. */
export interface State {
  readonly stored: StoredTensor;
  /** The step's output that replaces it; none where training leaves it as it is. */
  readonly next?: string | undefined;
}

export interface TrainingProgram {
  /** ModelProto of one step; inputs: the batch, the learning rate and the states; outputs: the loss and the next states. */
  readonly bytes: Uint8Array;
  readonly states: readonly State[];
}

const asInput = ({ name, type, dims }: StoredTensor): onnx.IValueInfoProto => ({
  name,
  type: {
    tensorType: { elemType: onnxTypeNumbers[type], shape: { dim: dims.map((dimValue) => ({ dimValue })) } },
  },
});

/** Encodes a graph with the versions and the operator sets of the file it comes from. */
const encode = ({ irVersion = 0, opsetImport }: onnx.IModelProto, graph: onnx.IGraphProto): Uint8Array =>
  onnxProto.onnx.ModelProto.encode({ irVersion, opsetImport: opsetImport ?? [], graph }).finish();

const without = <Named extends { readonly name?: string | null }>(
  tensors: readonly Named[] | null | undefined,
  excluded: ReadonlySet<string>,
): Named[] => (tensors ?? []).filter(({ name }) => !excluded.has(name ?? ""));

/** The inference graph, ModelProto, its parameters as inputs. */
export const inferenceProgram = ({ model, parameters }: Artifact): Uint8Array => {
  const graph = model.graph ?? {};
  return encode(model, {
    ...graph,
    initializer: without(graph.initializer, new Set(parameters.map(({ name }) => name))),
    input: [...(graph.input ?? []), ...parameters.map(asInput)],
  });
};

/** @throws UserError when the artifact has no training program. */
export const requireTraining = ({ path, model }: Artifact): onnx.ITrainingInfoProto => {
  const [training] = model.trainingInfo ?? [];
  if (training) return training;
  throw new UserError(`${path}: has no training program; compile its spec again to get one`);
};

/**
 * One training step by the rule of the ONNX standard (TrainingInfoProto): inference graph and algorithm, concatenated.
 * @throws UserError when the artifact has no training program.
 */
export const trainingProgram = (artifact: Artifact): TrainingProgram => {
  const { path, model, parameters } = artifact;
  const training = requireTraining(artifact);
  const [inference, algorithm] = [model.graph ?? {}, training.algorithm ?? {}];
  const stored = [...parameters, ...readOptimizerStates(artifact)];
  const isStored = new Set(stored.map(({ name }) => name));
  const updates = new Map((training.updateBinding ?? []).map(({ key, value }) => [key ?? "", value ?? ""]));
  for (const name of updates.keys()) {
    if (!isStored.has(name))
      throw new UserError(`${path}: the file is damaged: training updates ${name}, which it does not hold`);
  }

  const outputs = new Set([names.loss, ...updates.values()]);
  const inputs = new Map(
    [...(inference.input ?? []), ...(algorithm.input ?? [])].map((input) => [input.name ?? "", input]),
  );
  const bytes = encode(model, {
    name: "training step",
    node: [...(inference.node ?? []), ...(algorithm.node ?? [])],
    initializer: [...without(inference.initializer, isStored), ...without(algorithm.initializer, isStored)],
    input: [...inputs.values(), ...stored.map(asInput)],
    output: (algorithm.output ?? []).filter(({ name }) => outputs.has(name ?? "")),
  });
  return { bytes, states: stored.map((tensor) => ({ stored: tensor, next: updates.get(tensor.name) })) };
};
