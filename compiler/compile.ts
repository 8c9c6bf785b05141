/**
 * The whole pipeline:
 *
 *     spec.ts --loadSpec--> NormalizedSpec (+ the checkpoint, opened)     frontend/, layers/place-network.ts
 *       --lowerSpec--> Program: inference, gradients, update             lower/ (layers/, ops/, passes/)
 *       --fitMemory--> the same within its budget of memory              memory/ (passes/, cost/)
 *       --importWeights or initialize--> the parameters' values          weights/
 *       --describeArtifact--> what the runtime will ask                  emit/ (cost/)
 *       --writeArtifact--> graph.onnx (+ graph.onnx.data)                emit/
 */
import type { Extent } from "./artifact/cost.ts";
import type { ExtraOutput } from "./artifact/extra-outputs.ts";
import { type ArtifactMetadata, geometryKey, printMetadata, trainedClipsKey } from "./artifact/metadata.ts";
import { version } from "./artifact/version.ts";
import { costByPath, type PathCost } from "./cost/cost-by-path.ts";
import { type CostOptions, extentOf } from "./cost/extent-of.ts";
import { CompileError } from "./diagnostics/diagnostic.ts";
import { describeArtifact } from "./emit/describe-artifact.ts";
import { requireReadable } from "./emit/require-readable.ts";
import { specLines } from "./emit/spec-lines.ts";
import { writeArtifact } from "./emit/write-artifact.ts";
import { loadSpec, type LoadOptions } from "./frontend/load-spec.ts";
import type { State } from "./ir/graph.ts";
import { printGraph } from "./ir/print-graph.ts";
import { type Program, weightsOf } from "./ir/program.ts";
import { lowerSpec } from "./lower/lower-spec.ts";
import { fitMemory } from "./memory/fit-memory.ts";
import type { Coverage } from "./weights/coverage.ts";
import { describeGeometry } from "./weights/facts/geometry.ts";
import { importWeights } from "./weights/import-weights.ts";
import { initialize } from "./weights/initialize.ts";
import { CheckpointError } from "./weights/readers/checkpoint-error.ts";

export interface CompileOptions extends LoadOptions {
  readonly out: string;
  /** Outputs besides logits and scores. Default: none. */
  readonly outputs?: readonly ExtraOutput[];
}

export interface Compiled {
  readonly metadata: ArtifactMetadata;
  /** What became of the checkpoint, if there was one. */
  readonly coverage: Coverage | undefined;
  /** Bytes written. */
  readonly bytes: { readonly graph: number; readonly data: number };
}

/** The spec as stages, and the checkpoint that it starts from, if there is one. */
const lowerFile = (options: CompileOptions) => {
  const { spec, locate, source } = loadSpec(options);
  const program = fitMemory(lowerSpec(spec, options.input, locate), spec, options.input, locate);
  return { spec, program, source };
};

const writeFile = (options: CompileOptions): Compiled => {
  const { spec: path, out, input, outputs, weightsLabels, settings = [] } = options;
  const { spec, program, source } = lowerFile(options);
  const importOptions = { ...spec.pretrained, ...(weightsLabels === undefined ? {} : { labels: weightsLabels }) };
  const imported = source && importWeights(source, importOptions, spec, weightsOf(program));
  const read = imported?.read ?? ((state: State) => initialize(state, spec.recipe.seed));
  const varied = settings.length > 0 ? { settings } : {};
  const metadata = { ...describeArtifact(spec, program, input), ...varied, lines: specLines(program, path) };
  requireReadable(path, metadata);
  const geometry = { key: geometryKey, value: JSON.stringify(describeGeometry(spec)) };
  const trained = source?.trainedClips === undefined ? [] : [{ key: trainedClipsKey, value: source.trainedClips }];
  const properties = [...printMetadata(metadata), geometry, ...trained];
  const bytes = writeArtifact(out, program, read, properties, version, outputs);
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

/** One stage of a spec as text, a value a line; nothing is written. @throws CompileError as `compile` */
export const printStage = (options: CompileOptions, stage: StageName): string =>
  asCompileError(() => {
    const graph = lowerFile(options).program[stage];
    return graph ? printGraph(graph) : "";
  });

/** What each part of a spec costs; nothing is written. @throws CompileError as `compile` */
export const measureCosts = (
  options: CompileOptions,
  costOptions: CostOptions,
): { readonly extent: Extent; readonly seconds: number; readonly costs: readonly PathCost[] } =>
  asCompileError(() => {
    const { spec, program } = lowerFile(options);
    const extent = extentOf(spec, options.input, costOptions);
    return { extent, seconds: extent.samples / spec.sampleRateHz, costs: costByPath(program, extent) };
  });
