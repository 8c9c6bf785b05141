/**
 * The whole pipeline:
 *
 *     spec.ts --readSpec--> Model --normalizeSpec--> NormalizedSpec     frontend/
 *       --lowerFeatures, lowerNetwork, objectives--> inference          lower/
 *       --lowerLoss--> + augmentation, loss: the forward graph          lower/
 *       --lowerStep--> + gradients, optimizer                           lower/ (gradients: passes/)
 *       --foldReshapes, mixedPrecision, removeDeadCode--> Graph         passes/
 *       --writeArtifact--> graph.onnx (+ graph.onnx.data)               emit/
 */
import {
  type ArtifactMetadata,
  geometryKey,
  names,
  parseMetadata,
  printMetadata,
  trainedClipsKey,
} from "./artifact.ts";
import { compilerVersion, describeArtifact } from "./describe-artifact.ts";
import { CompileError } from "./diagnostics/diagnostic.ts";
import { writeArtifact } from "./emit/write-artifact.ts";
import { normalizeSpec, resolveCheckpoint } from "./frontend/normalize-spec.ts";
import type { Locate, NormalizedSpec } from "./frontend/normalized-spec.ts";
import { readSpec } from "./frontend/read-spec.ts";
import { createBuilder } from "./ir/builder.ts";
import type { Graph, State, Value } from "./ir/graph.ts";
import { lowerFeatures } from "./lower/lower-features.ts";
import { lowerNetwork } from "./lower/lower-network.ts";
import { objectives } from "./lower/lower-objective.ts";
import { type LoweredForward, lowerLoss, lowerStep } from "./lower/lower-training.ts";
import { foldReshapes } from "./passes/fold-reshapes.ts";
import { mixedPrecision } from "./passes/mixed-precision.ts";
import { removeDeadCode } from "./passes/remove-dead-code.ts";
import { renameValues } from "./passes/rename-values.ts";
import { verify } from "./ir/verify.ts";
import { runPasses } from "./passes/run-passes.ts";
import type { Coverage } from "./weights/coverage.ts";
import { describeGeometry } from "./weights/geometry.ts";
import { importWeights } from "./weights/import-weights.ts";
import { initialize } from "./weights/initialize.ts";
import type { MatchedCheckpoint } from "./weights/match-layout.ts";
import { openModel } from "./weights/open-model.ts";
import { CheckpointError } from "./weights/readers/checkpoint-error.ts";

export type GraphInput = ArtifactMetadata["input"];

export interface CompileOptions {
  readonly spec: string;
  readonly out: string;
  /** Where the graph starts: at the waveform, or at normalised features [batch, frames, bins]. */
  readonly input: GraphInput;
  /** A checkpoint to start from instead of the spec's; "none": start from the seed. */
  readonly weights?: string;
  /** Which of the checkpoint's models, instead of the spec's choice. */
  readonly weightsFrom?: string;
  /** A CSV of the checkpoint's class names by row, instead of the spec's. */
  readonly weightsLabels?: string;
}

export interface Compiled {
  readonly metadata: ArtifactMetadata;
  /** What became of the checkpoint, if there was one. */
  readonly coverage: Coverage | undefined;
  /** Bytes written. */
  readonly bytes: { readonly graph: number; readonly data: number };
}

/** Inference and loss; outputs: logits, scores and loss. */
const lowerForward = (
  spec: NormalizedSpec,
  input: GraphInput,
  locate: Locate,
): LoweredForward & { readonly features: Value } => {
  const b = createBuilder();
  const { frames, bins } = spec.features;
  const start =
    input === "waveform"
      ? b.input(names.waveform, { dtype: "float32", shape: ["batch", "samples"] })
      : b.input(names.features, { dtype: "float32", shape: ["batch", frames, bins] });
  const features =
    input === "waveform"
      ? b.from({ path: "features", role: "forward" }, () => lowerFeatures(b, start, spec.features, spec.sampleRateHz))
      : start;
  const logits = lowerNetwork(b, features, spec, locate);
  const objective = objectives[spec.objective];
  const scores = b.from({ path: "objective", role: "forward" }, () => objective.scores(b, logits));
  const { targets, loss } = lowerLoss(b, spec, { kind: input, start, features, logits }, locate);
  return { graph: verify(b.finish([logits, scores, loss])), features, targets, loss };
};

/** The program as one graph: inference, loss, gradients and optimizer. Values have their final names. */
export const lowerSpec = (spec: NormalizedSpec, input: GraphInput, locate: Locate): Graph => {
  const forward = lowerForward(spec, input, locate);
  const passes = { foldReshapes, ...(spec.precision.kind === "float32" ? {} : { mixedPrecision }), removeDeadCode };
  const graph = runPasses(lowerStep(spec, forward, locate), passes);
  const finalNames = [names.logits, names.scores, names.loss];
  const outputs = graph.outputs.map(({ name }, index) => [name, finalNames[index] ?? name] as const);
  return renameValues(graph, new Map([[forward.features.name, names.features], ...outputs]));
};

/** The outputs that belong to inference. */
export const inferenceOutputs = ({ outputs }: Graph): readonly Value[] =>
  outputs.filter(({ name }) => name !== names.loss);

/** The checkpoint to start from: the one named here, else the spec's. */
const openSource = (
  pretrained: NormalizedSpec["pretrained"],
  { weights, weightsFrom, weightsLabels }: CompileOptions,
): MatchedCheckpoint | undefined => {
  const path = weights ?? pretrained?.file;
  if (path !== undefined && path !== "none") {
    return openModel(path, weightsFrom ?? pretrained?.from);
  }
  const refuse = (message: string): never => {
    throw new CompileError([{ code: "checkpoint", message }]);
  };
  if (weightsFrom !== undefined) refuse("--weights-from names a part of a checkpoint, but there is none");
  if (weightsLabels !== undefined) refuse("--weights-labels names the classes of a checkpoint, but there is none");
  return undefined;
};

/** What the runtime would refuse is not written. @throws CompileError for a number that is beyond what anybody means */
const requireReadable = (path: string, metadata: ArtifactMetadata): void => {
  const problem = parseMetadata(printMetadata(metadata));
  if (typeof problem !== "string") return;
  throw new CompileError([
    { code: "beyond-reason", message: `${path}: the runtime would refuse the graph: ${problem}` },
  ]);
};

const compileSpec = (options: CompileOptions): Compiled => {
  const { spec: path, out, input, weightsLabels } = options;
  const { model, locate } = readSpec(path);
  const pretrained = model.pretrained && resolveCheckpoint(model.pretrained, path);
  const source = openSource(pretrained, options);
  const told = source && { path: source.path, features: source.facts.features };
  const spec = normalizeSpec(model, locate, path, input, told);
  const graph = lowerSpec(spec, input, locate);
  const program = { graph, inferenceOutputs: inferenceOutputs(graph) };
  const metadata = describeArtifact(spec, graph, program.inferenceOutputs, input);
  requireReadable(path, metadata);
  const parameters = graph.states.filter(({ kind }) => kind === "parameter");
  const importOptions = { ...pretrained, ...(weightsLabels === undefined ? {} : { labels: weightsLabels }) };
  const imported = source && importWeights(source, importOptions, spec, parameters);
  const read = imported?.read ?? ((state: State) => initialize(state, spec.seed));
  const geometry = { key: geometryKey, value: JSON.stringify(describeGeometry(spec)) };
  const trained = source?.trainedClips === undefined ? [] : [{ key: trainedClipsKey, value: source.trainedClips }];
  const properties = [...printMetadata(metadata), geometry, ...trained];
  const bytes = writeArtifact(out, program, read, properties, compilerVersion);
  return { metadata, coverage: imported?.coverage(), bytes };
};

/**
 * Compiles a spec to an ONNX file.
 * @throws CompileError with everything that is wrong with the spec, or when a checkpoint or the output cannot be used
 */
export const compile = (options: CompileOptions): Compiled => {
  try {
    return compileSpec(options);
  } catch (error) {
    if (error instanceof CheckpointError) throw new CompileError([{ code: "checkpoint", message: error.message }]);
    throw error;
  }
};
