/** Turns an artifact into what ONNX Runtime runs: graphs whose parameters and other states are inputs, not constants. */
import { onnxTypeNumbers } from "../../compiler/artifact/element-types.ts";
import { nodesLeadingTo } from "../../compiler/artifact/nodes-leading-to.ts";
import { type onnx, replacedBy, valuesOf } from "../../compiler/artifact/onnx.ts";
import { gradientName, names } from "../../compiler/artifact/names.ts";
import { UserError } from "../user-error.ts";
import { feedingProblem } from "./feeding-problem.ts";
import { unreadLast } from "./unread-last.ts";
import { inPlaceStates, type Replacement } from "./in-place.ts";
import { findTwice } from "../artifact/check-model.ts";
import { type Artifact, damaged, readOwnStates } from "../artifact/decode-artifact.ts";
import type { StoredTensor } from "../artifact/stored-tensor.ts";

/** A graph that ONNX Runtime runs on states: they are inputs, and what replaces them are outputs. */
export interface Stage {
  readonly model: onnx.IModelProto;
  /** The states that it reads. */
  readonly reads: readonly StoredTensor[];
  /** In place: the replacement may be written into the state's own buffer. */
  readonly replaces: readonly (Replacement & { readonly inPlace: boolean })[];
}

/** One iteration of training: the gradients of a batch, of several where they are added up, and then the update. */
export interface TrainingProgram {
  /** Output: the loss. */
  readonly gradients: Stage;
  readonly update: Stage;
  /** Parameters, running statistics, gradients and the optimizer's own. */
  readonly states: readonly StoredTensor[];
  /** Of them, what inference reads and the gradients' stage replaces: statistics of the batches seen. */
  readonly statistics: readonly StoredTensor[];
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
const requireTraining = ({
  path,
  model,
}: Artifact): readonly [gradients: onnx.ITrainingInfoProto, update: onnx.ITrainingInfoProto] => {
  const [gradients, update, ...others] = model.trainingInfo ?? [];
  if (!gradients)
    throw new UserError("no-training-program", { path }, "has no training program; compile its spec again to get one");
  if (update && others.length === 0) return [gradients, update];
  throw damaged(
    path,
    `it has ${others.length + (update ? 2 : 1)} training algorithms; expected two, gradients and update`,
  );
};

/**
 * An algorithm by the rule of the ONNX standard (TrainingInfoProto): inference graph and algorithm, concatenated; of the
 * inference graph, what the algorithm reads.
 * @param others outputs beside the states' replacements
 */
const stageOf = (
  { path, model }: Artifact,
  { algorithm, updateBinding }: onnx.ITrainingInfoProto,
  states: readonly StoredTensor[],
  others: readonly string[],
): Stage => {
  const [inference, own] = [model.graph ?? {}, algorithm ?? {}];
  const isState = new Set(states.map(({ name }) => name));
  const replacements = (updateBinding ?? []).map(({ key, value }) => ({ state: key ?? "", next: value ?? "" }));
  const unknown = replacements.find(({ state }) => !isState.has(state));
  if (unknown) throw damaged(path, `training updates ${unknown.state}, which it does not hold`);
  const twice = findTwice(replacements.map(({ state }) => state));
  if (twice !== undefined) throw damaged(path, `a training algorithm replaces ${twice} twice`);

  const outputs = new Set([...others, ...replacements.map(({ next }) => next)]);
  const made = new Set((own.output ?? []).map(({ name }) => name));
  for (const name of outputs) if (!made.has(name)) throw damaged(path, `a training step does not give ${name}`);
  const nodes = nodesLeadingTo([...(inference.node ?? []), ...(own.node ?? [])], valuesOf, outputs);
  const read = new Set(nodes.flatMap(({ input }) => input ?? []));
  const isRead = ({ name }: { readonly name?: string | null }): boolean => read.has(name ?? "");
  const inputs = new Map([...(inference.input ?? []), ...(own.input ?? [])].map((input) => [input.name ?? "", input]));
  const reads = states.filter(isRead);
  const inPlace = inPlaceStates(nodes, replacements);
  return {
    model: withGraph(model, {
      name: own.name ?? "",
      node: unreadLast(nodes),
      initializer: [...without(inference.initializer, isState), ...without(own.initializer, isState)].filter(isRead),
      input: [...[...inputs.values()].filter(isRead), ...reads.map(asInput)],
      output: (own.output ?? []).filter(({ name }) => outputs.has(name ?? "")),
    }),
    reads,
    replaces: replacements.map((replacement) => ({ ...replacement, inPlace: inPlace.has(replacement.state) })),
  };
};

const requireFloatLoss = (path: string, { algorithm }: onnx.ITrainingInfoProto): void => {
  const loss = algorithm?.output?.find(({ name }) => name === names.loss);
  if (loss && loss.type?.tensorType?.elemType !== onnxTypeNumbers.float32)
    throw damaged(path, "the loss is not of float32");
};

/** The inputs of a stage that are no states. */
export const ownInputs = ({ model, reads }: Stage): readonly onnx.IValueInfoProto[] => {
  const isState = new Set(reads.map(({ name }) => name));
  return (model.graph?.input ?? []).filter(({ name }) => !isState.has(name ?? ""));
};

/** A parameter whose gradient is taken would stay as it is, and nobody would notice. */
const requireTrained = (path: string, model: onnx.IModelProto): void => {
  const replaced = replacedBy(model);
  const idle = (model.graph?.initializer ?? []).find(
    ({ name }) => replaced.has(gradientName(name ?? "")) && !replaced.has(name ?? ""),
  );
  if (idle) throw damaged(path, `no training algorithm replaces ${idle.name}, whose gradient it takes`);
};

/** Gradients that nothing reads train nothing, in silence; and what moves in both algorithms is neither a parameter nor a statistic. */
const requireParts = (path: string, parameters: readonly StoredTensor[], gradients: Stage, update: Stage): void => {
  const reads = new Set(update.reads.map(({ name }) => name));
  const isParameter = new Set(parameters.map(({ name }) => name));
  const updated = new Set(update.replaces.map(({ state }) => state));
  for (const { state } of gradients.replaces) {
    if (!isParameter.has(state) && !reads.has(state)) throw damaged(path, `its update does not read ${state}`);
    if (isParameter.has(state) && updated.has(state))
      throw damaged(path, `both training algorithms replace ${state}; expected one of them`);
  }
};

/** Between the two anything may happen to the gradients, and an update without a batch may be made anywhere. */
const requireNoBatch = (path: string, update: Stage): void => {
  const other = ownInputs(update).find(({ name }) => name !== names.learningRate);
  if (other) throw damaged(path, `its update reads ${other.name}, which is of the batch`);
};

/**
 * What the file's two training algorithms run as.
 * @throws UserError when the artifact has no training program, or one of another form
 */
export const trainingProgram = (artifact: Artifact): TrainingProgram => {
  const { path, metadata, parameters } = artifact;
  const [first, second] = requireTraining(artifact);
  requireFloatLoss(path, first);
  requireTrained(path, artifact.model);
  const states = [...parameters, ...readOwnStates(artifact)];
  const gradients = stageOf(artifact, first, states, [names.loss]);
  const problem = feedingProblem(metadata, first.algorithm?.input ?? [], ownInputs(gradients));
  if (problem !== undefined) throw damaged(path, problem);
  const update = stageOf(artifact, second, states, []);
  requireNoBatch(path, update);
  requireParts(path, parameters, gradients, update);
  const replaced = new Set([...gradients.replaces, ...update.replaces].map(({ state }) => state));
  const idle = states.find(({ name, storage }) => storage.kind === "zeros" && !replaced.has(name));
  if (idle) throw damaged(path, `no training algorithm replaces its state ${idle.name}`);
  const moved = new Set(gradients.replaces.map(({ state }) => state));
  return { gradients, update, states, statistics: parameters.filter(({ name }) => moved.has(name)) };
};

/** The states that last from one iteration to the next: those that the update replaces, and the statistics. */
export const changingStates = ({ states, update, statistics }: TrainingProgram): readonly StoredTensor[] => {
  const replaced = new Set([...update.replaces.map(({ state }) => state), ...statistics.map(({ name }) => name)]);
  return states.filter(({ name }) => replaced.has(name));
};
