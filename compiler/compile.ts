/**
 * The whole pipeline:
 *
 *     spec.ts --loadSpec--> NormalizedSpec (+ the checkpoint, opened)              frontend/
 *       --lowerFeatures, lowerNetwork, objectives, lowerLoss--> forward pass      lower/ (layers/)
 *       --lowerGradients--> + gradients; --lowerUpdate--> update                  lower/ (passes/gradients.ts)
 *       --foldReshapes, foldScales, mixedPrecision, ...--> stages: a Program       passes/
 *       --importWeights or initialize--> the parameters' values                   weights/
 *       --describeArtifact, writeArtifact--> graph.onnx (+ graph.onnx.data)       emit/
 */
import {
  type ArtifactMetadata,
  geometryKey,
  parseMetadata,
  printMetadata,
  trainedClipsKey,
} from "./artifact/metadata.ts";
import { names } from "./artifact/names.ts";
import { version } from "./artifact/version.ts";
import { describeArtifact } from "./emit/describe-artifact.ts";
import type { Extent } from "./artifact/cost.ts";
import { costByPath, type PathCost } from "./cost/cost-by-path.ts";
import { CompileError } from "./diagnostics/diagnostic.ts";
import { specLines } from "./emit/spec-lines.ts";
import { writeArtifact } from "./emit/write-artifact.ts";
import { loadSpec, type LoadOptions } from "./frontend/load-spec.ts";
import type { Locate, NormalizedSpec } from "./ir/normalized-spec.ts";
import { createBuilder } from "./ops/builder.ts";
import { type Graph, type State, unchanged, type Value } from "./ir/graph.ts";
import { printGraph } from "./ir/print-graph.ts";
import { type Program, weightsOf } from "./ir/program.ts";
import { lowerFeatures } from "./lower/features/lower-features.ts";
import { declareStates, lowerNetwork } from "./lower/lower-network.ts";
import { objectives } from "./lower/lower-objective.ts";
import { lowerGradients } from "./lower/lower-gradients.ts";
import { type LoweredForward, lowerLoss } from "./lower/lower-loss.ts";
import { lowerUpdate } from "./lower/lower-update.ts";
import { foldScales } from "./passes/fold-scales.ts";
import { foldReshapes } from "./passes/fold-reshapes.ts";
import { mixedPrecision } from "./passes/mixed-precision.ts";
import { removeDeadCode, removeUnread } from "./passes/remove-dead-code.ts";
import { renameValues } from "./passes/rename-values.ts";
import { verify } from "./ops/verify.ts";
import { runPasses } from "./passes/run-passes.ts";
import type { Coverage } from "./weights/coverage.ts";
import { describeGeometry } from "./weights/facts/geometry.ts";
import { importWeights } from "./weights/import-weights.ts";
import { initialize } from "./weights/initialize.ts";
import { CheckpointError } from "./weights/readers/checkpoint-error.ts";

export type GraphInput = ArtifactMetadata["input"];

export interface CompileOptions extends LoadOptions {
  readonly out: string;
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
      ? b.from({ path: "features", role: "forward", span: locate(spec, "features") }, () =>
          lowerFeatures(b, start, spec.features, spec.sampleRateHz),
        )
      : start;
  declareStates(b, spec.network);
  const logits = lowerNetwork(b, features, spec, locate, "inference");
  const objective = objectives[spec.objective];
  const scores = b.from({ path: "objective", role: "forward", span: locate(spec, "objective") }, () =>
    objective.scores(b, logits),
  );
  const { targets, loss } = lowerLoss(b, spec, { kind: input, start, features, logits }, locate);
  return { graph: verify(b.finish([logits, scores, loss])), features, targets, loss };
};

/** The part of a graph that leads to these outputs and, if asked for, to its states' updates. */
const stageOf = (graph: Graph, outputs: readonly Value[], { updates }: { readonly updates: boolean }): Graph => {
  const states = updates ? graph.states : graph.states.map(unchanged);
  return verify(removeUnread(removeDeadCode({ ...graph, outputs, states })));
};

/** The spec as stages. Inputs and outputs have the names that the artifact fixes. */
export const lowerSpec = (spec: NormalizedSpec, input: GraphInput, locate: Locate): Program => {
  const forward = lowerForward(spec, input, locate);
  const trainable = forward.graph.states.map(({ value }) => value).filter(({ name }) => spec.rateFactors.get(name));
  const passes = {
    foldReshapes,
    foldScales,
    ...(spec.precision.kind === "float32" ? {} : { mixedPrecision }),
    removeDeadCode,
  };
  const training = lowerGradients(spec, forward, trainable);
  const update = lowerUpdate(spec, training.states);
  const lowered = runPasses(training, passes);
  const finalNames = [names.logits, names.scores, names.loss];
  const outputs = lowered.outputs.map(({ name }, index) => [name, finalNames[index] ?? name] as const);
  const graph = renameValues(lowered, new Map([[forward.features.name, names.features], ...outputs]));
  const isLoss = ({ name }: Value): boolean => name === names.loss;
  return {
    inference: stageOf(
      graph,
      graph.outputs.filter((output) => !isLoss(output)),
      { updates: false },
    ),
    gradients: stageOf(graph, graph.outputs.filter(isLoss), { updates: true }),
    update: runPasses(update, { removeDeadCode }),
  };
};

/** What the runtime would refuse is not written. @throws CompileError for a number that is beyond what anybody means */
const requireReadable = (path: string, metadata: ArtifactMetadata): void => {
  const problem = parseMetadata(printMetadata(metadata));
  if (typeof problem !== "string") return;
  throw new CompileError([
    { code: "beyond-reason", message: `${path}: the runtime would refuse the graph: ${problem}` },
  ]);
};

/** The spec as stages, and the checkpoint that it starts from, if there is one. */
const lowerFile = (options: CompileOptions) => {
  const { spec, locate, source } = loadSpec(options);
  return { spec, program: lowerSpec(spec, options.input, locate), source };
};

const writeFile = (options: CompileOptions): Compiled => {
  const { spec: path, out, input, weightsLabels } = options;
  const { spec, program, source } = lowerFile(options);
  const importOptions = { ...spec.pretrained, ...(weightsLabels === undefined ? {} : { labels: weightsLabels }) };
  const imported = source && importWeights(source, importOptions, spec, weightsOf(program));
  const read = imported?.read ?? ((state: State) => initialize(state, spec.recipe.seed));
  const metadata = { ...describeArtifact(spec, program, input), lines: specLines(program, path) };
  requireReadable(path, metadata);
  const geometry = { key: geometryKey, value: JSON.stringify(describeGeometry(spec)) };
  const trained = source?.trainedClips === undefined ? [] : [{ key: trainedClipsKey, value: source.trainedClips }];
  const properties = [...printMetadata(metadata), geometry, ...trained];
  const bytes = writeArtifact(out, program, read, properties, version);
  return { metadata, coverage: imported?.coverage(), bytes };
};

const asCompileError = <Result>(work: () => Result): Result => {
  try {
    return work();
  } catch (error) {
    if (error instanceof CheckpointError) throw new CompileError([{ code: "checkpoint", message: error.message }]);
    throw error;
  }
};

/**
 * Compiles a spec to an ONNX file.
 * @throws CompileError with everything that is wrong with the spec, or when a checkpoint or the output cannot be used
 */
export const compile = (options: CompileOptions): Compiled => asCompileError(() => writeFile(options));

export type StageName = keyof Program;

export interface CostOptions {
  /** Clips at once. */
  readonly batch: number;
  /** Of each clip; default: as many as fill the frames. */
  readonly seconds?: number;
}

const extentOf = (
  { features, sampleRateHz }: NormalizedSpec,
  { input }: CompileOptions,
  { batch, seconds }: CostOptions,
): Extent => {
  const { frames, frameLengthSamples, frameShiftSamples } = features;
  if (seconds === undefined) return { batch, samples: (frames - 1) * frameShiftSamples + frameLengthSamples };
  const samples = Math.round(seconds * sampleRateHz);
  const refuse = (message: string): never => {
    throw new CompileError([{ code: "cost", message }]);
  };
  if (input === "features") refuse("--seconds is the length of waveforms, and the graph starts at features");
  if (samples < frameLengthSamples) {
    refuse(
      `--seconds ${seconds} gives ${samples} samples at ${sampleRateHz} Hz; the graph takes ${frameLengthSamples} or more`,
    );
  }
  return { batch, samples };
};

/** What each part of a spec costs; nothing is written. @throws CompileError as `compile` */
export const measureCosts = (
  options: CompileOptions,
  costOptions: CostOptions,
): { readonly extent: Extent; readonly seconds: number; readonly costs: readonly PathCost[] } =>
  asCompileError(() => {
    const { spec, program } = lowerFile(options);
    const extent = extentOf(spec, options, costOptions);
    return { extent, seconds: extent.samples / spec.sampleRateHz, costs: costByPath(program, extent) };
  });

/** One stage of a spec as text, a value a line; nothing is written. @throws CompileError as `compile` */
export const printStage = (options: CompileOptions, stage: StageName): string =>
  asCompileError(() => {
    const graph = lowerFile(options).program[stage];
    return graph ? printGraph(graph) : "";
  });
