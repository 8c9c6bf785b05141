/** Turns an artifact into what ONNX Runtime runs: graphs whose parameters and other states are inputs, not constants. */
import type { onnx } from "onnx-proto";
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
  /** One step; inputs: those of the step and the states; outputs: the loss and the next states. */
  readonly model: onnx.IModelProto;
  readonly states: readonly State[];
}

export const asInput = ({ name, type, dims }: StoredTensor): onnx.IValueInfoProto => ({
  name,
  type: {
    tensorType: { elemType: onnxTypeNumbers[type], shape: { dim: dims.map((dimValue) => ({ dimValue })) } },
  },
});

/** A graph with the versions and the operator sets of the file it comes from. */
export const withGraph = (
  { irVersion = 0, opsetImport }: onnx.IModelProto,
  graph: onnx.IGraphProto,
): onnx.IModelProto => ({ irVersion, opsetImport: opsetImport ?? [], graph });

const without = <Named extends { readonly name?: string | null }>(
  tensors: readonly Named[] | null | undefined,
  excluded: ReadonlySet<string>,
): Named[] => (tensors ?? []).filter(({ name }) => !excluded.has(name ?? ""));

/** The nodes that lead to any of `outputs`, in order. */
export const nodesLeadingTo = (nodes: readonly onnx.INodeProto[], outputs: ReadonlySet<string>): onnx.INodeProto[] => {
  const needed = new Set(outputs);
  const kept = nodes.toReversed().filter(({ input, output }) => {
    if (!output?.some((name) => needed.has(name))) return false;
    input?.forEach((name) => needed.add(name));
    return true;
  });
  return kept.toReversed();
};

/** The inference graph, its parameters as inputs. */
export const inferenceProgram = ({ model, parameters }: Artifact): onnx.IModelProto => {
  const graph = model.graph ?? {};
  return withGraph(model, {
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
 * One training step by the rule of the ONNX standard (TrainingInfoProto): inference graph and algorithm, concatenated;
 * of the inference graph, what the algorithm reads.
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
  const made = new Map((algorithm.output ?? []).map(({ name, type }) => [name, type?.tensorType?.elemType]));
  for (const name of outputs) {
    if (!made.has(name)) throw new UserError(`${path}: the file is damaged: a training step does not give ${name}`);
  }
  if (made.get(names.loss) !== onnxTypeNumbers.float32)
    throw new UserError(`${path}: the file is damaged: the loss is not of float32`);
  const inputs = new Map(
    [...(inference.input ?? []), ...(algorithm.input ?? [])].map((input) => [input.name ?? "", input]),
  );
  const program = withGraph(model, {
    name: "training step",
    node: nodesLeadingTo([...(inference.node ?? []), ...(algorithm.node ?? [])], outputs),
    initializer: [...without(inference.initializer, isStored), ...without(algorithm.initializer, isStored)],
    input: [...inputs.values(), ...stored.map(asInput)],
    output: (algorithm.output ?? []).filter(({ name }) => outputs.has(name ?? "")),
  });
  return { model: program, states: stored.map((tensor) => ({ stored: tensor, next: updates.get(tensor.name) })) };
};
