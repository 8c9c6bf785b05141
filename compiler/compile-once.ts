/** What the command line asks for, done and told once. It loads TypeScript, and is loaded where there is something to compile. */
import { totalmem } from "node:os";
import { formatBytes, formatCount, formatExact } from "./artifact/format-number.ts";
import type { ArtifactMetadata } from "./artifact/metadata.ts";
import { costFor, predictMemory, type Task } from "./artifact/cost.ts";
import { samplesIn } from "./artifact/frames.ts";
import { formatTable } from "./artifact/format-table.ts";
import { plural } from "./artifact/plural.ts";
import { printable } from "./artifact/printable.ts";
import {
  compile,
  type Compiled,
  compileArtifacts,
  type CompiledVariant,
  type CompileOptions,
  compileVariants,
  type CompileVariantsOptions,
  listVariants,
  measureCosts,
  printStage,
  type StageName,
} from "./compile.ts";
import { printCosts } from "./cost/print-costs.ts";
import type { CostOptions } from "./cost/extent-of.ts";
import { tellOfVariants } from "./frontend/each-variant.ts";
import type { LoadOptions } from "./frontend/load-spec.ts";
import { print, printError, printJson } from "./print.ts";
import { printCoverage } from "./weights/coverage.ts";

/** Which variants there are, one a line; nothing is written. */
const printVariants = (options: CompileVariantsOptions, asJson: boolean): void => {
  const { spec } = options;
  const variants = listVariants(options);
  if (asJson) printJson({ spec, variants });
  else print(variants.map(({ variant, seed }) => `${variant}, seed ${seed}`).join("\n"));
};

/** Of the variants and of their weights, each once. */
const warningsOf = (compiled: readonly CompiledVariant[]): readonly string[] => {
  const names = new Set(compiled.map(({ variant }) => variant));
  const found = new Map<string, Set<string>>();
  for (const { variant, warnings, coverage } of compiled) {
    for (const warning of [...warnings, ...(coverage?.warnings ?? [])])
      found.set(warning, (found.get(warning) ?? new Set()).add(variant));
  }
  return [...found].map(([warning, variants]) => tellOfVariants(warning, [...variants], names.size));
};

/** What is told of each graph to programs. */
const factsOf = ({ bytes, metadata, coverage }: Pick<Compiled, "bytes" | "metadata" | "coverage">) => {
  const { parameters, specHash, settings = [], options = [] } = metadata;
  return {
    settings,
    options,
    bytes,
    parameters,
    specHash,
    memory: memoryOf(metadata),
    work: workOf(metadata),
    coverage,
  };
};

const compileAll = (options: CompileVariantsOptions, asJson: boolean): void => {
  const { spec, out } = options;
  const started = performance.now();
  const compiled = compileVariants(options);
  const seconds = (performance.now() - started) / 1000;
  const warnings = warningsOf(compiled);
  if (asJson) {
    const variants = compiled.map(({ variant, seed, out: graph, ...each }) => ({
      variant,
      seed,
      out: graph,
      ...factsOf(each),
    }));
    printJson({ spec, out, seconds, variants, warnings });
    return;
  }
  for (const warning of warnings) printError(`warning: ${warning}`);
  const rows = compiled.map(({ out: graph, bytes, metadata }) => {
    const { inference } = workOf(metadata);
    const { training } = memoryOf(metadata);
    return [
      graph,
      `${formatCount(metadata.parameters)} parameters`,
      formatBytes(bytes.graph + bytes.data),
      `${formatCount(inference.operations)} operations a clip`,
      training ? `${formatBytes(training.bytes)} to train` : "",
    ];
  });
  const count = rows.length;
  print(`${formatTable(rows)}\n${spec} -> ${out}: ${count} ${plural(count, "graph")}, ${seconds.toFixed(1)} s`);
};

const printCost = (options: CompileOptions, costOptions: CostOptions, asJson: boolean): void => {
  const { spec, input } = options;
  const { extent, seconds, costs } = measureCosts(options, costOptions);
  const { batch, samples } = extent;
  const isWaveform = input === "waveform";
  if (asJson) {
    const parts = costs.map(({ span, ...cost }) => ({ ...cost, file: span?.file, line: span?.line }));
    printJson({ spec, input, batch, ...(isWaveform ? { samples } : {}), costs: parts });
    return;
  }
  const clips = `${formatExact(batch)} ${plural(batch, "clip")}`;
  const length = isWaveform ? ` of ${formatExact(samples)} samples (${seconds.toFixed(2)} s)` : "";
  print(`${spec}: ${clips}${length} at once\n\n${printCosts(costs)}`);
};

/** Of clips as long as the positions are held for. */
const memoryOf = ({ frames, minSamples, frameShiftSamples, recipe, cost }: ArtifactMetadata) => {
  const samples = samplesIn(frames, { minSamples, frameShiftSamples });
  const batch = Math.ceil(recipe.batch / recipe.accumulate);
  return {
    inference: predictMemory(cost, "inference", { batch: 1, samples }),
    training: cost.gradients && { batch, bytes: predictMemory(cost, "training", { batch, samples }) },
  };
};

const describeMemory = (metadata: ArtifactMetadata): string => {
  const { inference, training } = memoryOf(metadata);
  const trained = training && `, ${formatBytes(training.bytes)} to train on ${training.batch} at once`;
  return `memory on the CPU, about: ${formatBytes(inference)} to infer a clip${trained ?? ""}`;
};

/** Of clips as long as the positions are held for; bytes are those of all results, each written once. */
const workOf = ({ frames, minSamples, frameShiftSamples, recipe, cost }: ArtifactMetadata) => {
  const samples = samplesIn(frames, { minSamples, frameShiftSamples });
  const of = (task: Task, batch: number) => {
    const { flops, activationBytes } = costFor(cost, task, { batch, samples });
    return { batch, operations: flops, bytes: activationBytes };
  };
  return { inference: of("inference", 1), step: cost.gradients && of("training", recipe.batch) };
};

const describeWork = (metadata: ArtifactMetadata): string => {
  const { inference, step } = workOf(metadata);
  const describe = ({ operations, bytes }: typeof inference): string =>
    `${formatCount(operations)} operations and ${formatBytes(bytes)} of results`;
  const trained = step && `, ${describe(step)} a step of ${step.batch}`;
  return `work: ${describe(inference)} to infer a clip${trained ?? ""}`;
};

const describeModel = (spec: string, target: string, { specName, classes, parameters }: ArtifactMetadata): string =>
  `${spec} -> ${target}: ${printable(specName)}, ${classes.length} classes, ${formatCount(parameters)} parameters`;

const writeArtifacts = (options: LoadOptions, folder: string, asJson: boolean): void => {
  const { spec, input } = options;
  const started = performance.now();
  const { metadata, coverage, warnings, bytes, inputs } = compileArtifacts(options, folder);
  const seconds = (performance.now() - started) / 1000;
  if (asJson) {
    const { parameters, specHash, settings = [], options: given = [] } = metadata;
    const made = { settings, options: given, seconds, bytes, parameters, specHash, inputs, coverage, warnings };
    printJson({ spec, artifacts: folder, input, ...made });
    return;
  }
  for (const warning of warnings) printError(`warning: ${warning}`);
  if (coverage) print(printCoverage(coverage));
  const { accumulate } = metadata.recipe;
  const parts = accumulate > 1 ? `, and the optimizer steps after ${accumulate} of them, of as many clips each` : "";
  print(
    `${describeModel(spec, folder, metadata)}, ${formatBytes(bytes.models)} + ${formatBytes(bytes.checkpoint)} in ` +
      `checkpoint, ${seconds.toFixed(1)} s\n` +
      `a training step takes ${inputs.map(printable).join(", ")}${parts}\n` +
      "learning rate, batch, epochs and averages over them are the application's: the checkpoint's property " +
      "specgraph.recipe has the spec's",
  );
};

export interface Act {
  readonly printed: StageName | "cost" | "variants" | undefined;
  /** The folder of all variants. */
  readonly variants: string | undefined;
  /** The folder of ONNX Runtime's own artifacts. */
  readonly artifacts: string | undefined;
  readonly seedCount: Pick<CompileVariantsOptions, "seeds">;
  readonly costOptions: CostOptions;
  readonly asJson: boolean;
}

/** @throws CompileError */
export const compileOnce = (
  options: CompileOptions,
  { printed, variants, artifacts, seedCount, costOptions, asJson }: Act,
): void => {
  const started = performance.now();
  const { spec, out, input } = options;
  if (printed === "variants") {
    printVariants({ ...options, out: variants ?? "", ...seedCount }, asJson);
    return;
  }
  if (variants !== undefined && printed === undefined) {
    compileAll({ ...options, out: variants, ...seedCount }, asJson);
    return;
  }
  if (printed === "cost") {
    printCost(options, costOptions, asJson);
    return;
  }
  if (printed !== undefined) {
    const text = printStage(options, printed).trimEnd();
    if (asJson) printJson({ spec, input, stage: printed, lines: text.split("\n") });
    else print(text);
    return;
  }
  if (artifacts !== undefined) {
    writeArtifacts(options, artifacts, asJson);
    return;
  }
  const compiled = compile(options);
  const { metadata, coverage, warnings, bytes } = compiled;
  const allowedBytes = metadata.recipe.memoryBytes ?? 0;
  if (allowedBytes > totalmem())
    printError(`memory: ${formatBytes(allowedBytes)} are allowed, and this machine has ${formatBytes(totalmem())}`);
  const seconds = (performance.now() - started) / 1000;
  if (asJson) {
    printJson({ spec, out, input, seconds, ...factsOf(compiled), warnings });
    return;
  }
  for (const warning of warnings) printError(`warning: ${warning}`);
  if (coverage) print(printCoverage(coverage));
  const size =
    bytes.data > 0
      ? `${formatBytes(bytes.graph)} + ${formatBytes(bytes.data)} in ${out}.data`
      : formatBytes(bytes.graph);
  print(
    `${describeModel(spec, out, metadata)}, ${size}, ${seconds.toFixed(1)} s\n` +
      `${describeMemory(metadata)}\n${describeWork(metadata)}`,
  );
};
