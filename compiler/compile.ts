/**
 * The whole pipeline:
 *
 *     spec.ts --loadSpec--> NormalizedSpec (+ the checkpoint, opened)     frontend/, layers/place-network.ts
 *       --lowerSpec--> Program: inference, gradients, update             lower/ (layers/, ops/, passes/)
 *       --fitMemory--> the same within its budget of memory              memory/ (passes/, cost/)
 *       --importWeights or initialize--> the parameters' values          weights/
 *       --describeArtifact--> what the runtime will ask                  emit/ (cost/)
 *       --writeArtifact--> graph.onnx (+ graph.onnx.data)                emit/
 *         or --writeTrainingArtifacts--> what ONNX Runtime's own training API loads
 */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Extent } from "./artifact/cost.ts";
import type { ExtraOutput } from "./artifact/extra-outputs.ts";
import { writeFailures } from "./artifact/files/write-failures.ts";
import { type ArtifactMetadata, geometryKey, printMetadata, trainedClipsKey } from "./artifact/metadata.ts";
import { names } from "./artifact/names.ts";
import { version } from "./artifact/version.ts";
import { costByPath, type PathCost } from "./cost/cost-by-path.ts";
import { type CostOptions, extentOf } from "./cost/extent-of.ts";
import { CompileError } from "./diagnostics/diagnostic.ts";
import { describeArtifact } from "./emit/describe-artifact.ts";
import { requireReadable } from "./emit/require-readable.ts";
import { specLines } from "./emit/spec-lines.ts";
import { requireExpressible } from "./emit/training-artifacts/require-expressible.ts";
import { writeTrainingArtifacts } from "./emit/training-artifacts/write-training-artifacts.ts";
import { writeArtifact } from "./emit/write-artifact.ts";
import { eachVariant } from "./frontend/each-variant.ts";
import {
  identityOf,
  type LoadedSpec,
  type LoadedVariant,
  loadSpec,
  type LoadOptions,
  loadVariants,
  type VariantsOptions,
} from "./frontend/load-spec.ts";
import type { State } from "./ir/graph.ts";
import { printGraph } from "./ir/print-graph.ts";
import { type Program, weightsOf } from "./ir/program.ts";
import { recipeWarnings } from "./frontend/recipe-warnings.ts";
import { featureWarnings } from "./lower/features/feature-warnings.ts";
import { lowerAccumulation } from "./lower/lower-accumulation.ts";
import { lowerEvaluation } from "./lower/lower-evaluation.ts";
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

interface Written<Bytes> {
  readonly metadata: ArtifactMetadata;
  /** What became of the checkpoint, if there was one. */
  readonly coverage: Coverage | undefined;
  /** What may not be meant, and is no mistake for certain. */
  readonly warnings: readonly string[];
  /** Bytes written. */
  readonly bytes: Bytes;
}
export type Compiled = Written<{ readonly graph: number; readonly data: number }>;
export interface CompiledArtifacts extends Written<{ readonly models: number; readonly checkpoint: number }> {
  /** What a training step is given, in this order. */
  readonly inputs: readonly string[];
}

const lower = ({ spec, locate }: Pick<LoadedSpec, "spec" | "locate">, { input }: Pick<LoadOptions, "input">): Program =>
  fitMemory(lowerSpec(spec, input, locate), spec, input, locate);

/** The spec as stages, and the checkpoint that it starts from, if there is one. */
const lowerFile = (options: LoadOptions) => {
  const { spec, locate, source } = loadSpec(options);
  return { spec, program: lower({ spec, locate }, options), source };
};

/** The parameters' values, and what is written down with them. */
const describe = (
  { spec, source, options }: LoadedSpec,
  program: Program,
  { spec: path, input, weightsLabels, settings = [], variant }: LoadOptions,
) => {
  const importOptions = { ...spec.pretrained, ...(weightsLabels === undefined ? {} : { labels: weightsLabels }) };
  const imported = source && importWeights(source, importOptions, spec, weightsOf(program));
  const read = imported?.read ?? ((state: State) => initialize(state, spec.recipe.seed));
  const varied = {
    ...(settings.length > 0 ? { settings } : {}),
    ...(options === undefined ? {} : { options }),
    ...(variant === undefined ? {} : { variant }),
  };
  const metadata = { ...describeArtifact(spec, program, input), ...varied, lines: specLines(program, path) };
  requireReadable(path, metadata);
  const geometry = { key: geometryKey, value: JSON.stringify(describeGeometry(spec)) };
  const trained = source?.trainedClips === undefined ? [] : [{ key: trainedClipsKey, value: source.trainedClips }];
  return {
    read,
    metadata,
    properties: [...printMetadata(metadata), geometry, ...trained],
    coverage: imported?.coverage,
    warnings: [...featureWarnings(spec), ...recipeWarnings(spec)],
  };
};

const write = (loaded: LoadedSpec, program: Program, options: CompileOptions): Compiled => {
  const { read, metadata, properties, coverage, warnings } = describe(loaded, program, options);
  const bytes = writeArtifact(options.out, program, read, properties, version, options.outputs);
  return { metadata, coverage: coverage?.(), warnings, bytes };
};

const writeArtifacts = (loaded: LoadedSpec, options: LoadOptions, folder: string): CompiledArtifacts => {
  const { spec, locate } = loaded;
  requireExpressible(spec, locate);
  // Whoever runs the artifacts adds gradients up.
  const program = lowerSpec({ ...spec, recipe: { ...spec.recipe, accumulate: 1 } }, options.input, locate);
  const { inference, gradients } = program;
  if (!gradients) throw new Error("nothing is trained");
  const training = lowerAccumulation(spec, gradients);
  const { read, metadata, properties, coverage, warnings } = describe(loaded, program, options);
  const artifacts = {
    training,
    evaluation: lowerEvaluation(spec, inference),
    recipe: spec,
    weights: weightsOf(program),
    properties: {
      texts: new Map(properties.map(({ key, value }) => [key, value])),
      numbers: new Map([[names.learningRate, spec.recipe.learningRate]]),
    },
  };
  const bytes = writeTrainingArtifacts(folder, artifacts, read);
  return { metadata, coverage: coverage?.(), warnings, bytes, inputs: training.inputs.map(({ name }) => name) };
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
export const compile = (options: CompileOptions): Compiled =>
  asCompileError(() => {
    const loaded = loadSpec(options);
    return write(loaded, lower(loaded, options), options);
  });

/**
 * Compiles a spec to what ONNX Runtime's training API loads.
 * @param folder to write to
 * @throws CompileError as `compile`, and with what the API has no place for
 */
export const compileArtifacts = (options: LoadOptions, folder: string): CompiledArtifacts =>
  asCompileError(() => writeArtifacts(loadSpec(options), options, folder));

/** A variant's graph, with one of its seeds. */
export interface CompiledVariant extends Compiled {
  readonly variant: string;
  readonly seed: number;
  readonly out: string;
}

export interface CompileVariantsOptions extends VariantsOptions, Pick<CompileOptions, "outputs"> {
  /** The folder to write to. */
  readonly out: string;
  /** So many seeds of each variant, from the first of its own on. Default: those of the spec. */
  readonly seeds?: number;
}

/** Each variant with each of its seeds, and which file is its graph's; all are lowered before the first is taken. */
const planVariants = (options: CompileVariantsOptions) => {
  const seedsOf = ({ seeds }: LoadedVariant): readonly number[] =>
    options.seeds === undefined ? seeds : Array.from({ length: options.seeds }, (_, index) => (seeds[0] ?? 0) + index);
  const variants = eachVariant(loadVariants(options), (loaded) => ({ loaded, program: lower(loaded, options) }));
  return variants.flatMap(({ loaded, program }) =>
    seedsOf(loaded).map((seed) => {
      const { name, spec } = loaded;
      const out = join(options.out, name, `seed-${seed}.onnx`);
      return {
        variant: name,
        seed,
        out,
        program,
        loaded: { ...loaded, spec: { ...spec, recipe: { ...spec.recipe, seed } } },
      };
    }),
  );
};

const createFolder = (path: string): void => {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    const reason = writeFailures[(error as NodeJS.ErrnoException).code ?? ""];
    if (reason === undefined) throw error;
    throw new CompileError([{ code: "output-not-written", message: `cannot write to ${path}: ${reason}` }]);
  }
};

/** A variant's graph that would be written. */
export interface ListedVariant extends Pick<CompiledVariant, "variant" | "seed" | "out"> {
  /** SHA-256, hexadecimal, of all that decides it, with the path of the weights that it starts from. */
  readonly digest: string;
}

/** What `compileVariants` would write; nothing is written. @throws CompileError as that does */
export const listVariants = (options: CompileVariantsOptions): readonly ListedVariant[] =>
  asCompileError(() =>
    planVariants(options).map(({ variant, seed, out, loaded }) => {
      const digest = createHash("sha256").update(identityOf(loaded)).digest("hex");
      return { variant, seed, out, digest };
    }),
  );

/**
 * Compiles all variants of a spec, with each of their seeds: `NAME/seed-0.onnx` and so on.
 * @throws CompileError with everything that is wrong with any of them, before the first is written
 */
export const compileVariants = (options: CompileVariantsOptions): readonly CompiledVariant[] =>
  asCompileError(() =>
    planVariants(options).map(({ variant, seed, out, program, loaded }) => {
      createFolder(dirname(out));
      return { variant, seed, out, ...write(loaded, program, { ...options, out, variant }) };
    }),
  );

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
