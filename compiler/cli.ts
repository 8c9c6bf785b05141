#!/usr/bin/env node
/** `specgraph compile [spec.ts] [--out graph.onnx] [--input waveform|features]`; in a clone, `npm run compile -- ...`. */
import type { DiagnosticCode } from "./diagnostics/codes/codes.ts";
import { existsSync } from "node:fs";
import { totalmem } from "node:os";
import { parseArgs } from "node:util";
import { printable, printableJson, printableLines } from "./artifact/printable.ts";
import { watchOutput } from "./artifact/files/watch-output.ts";
import { formatBytes, formatCount, formatExact } from "./artifact/format-number.ts";
import { type ExtraOutput, extraOutputs } from "./artifact/extra-outputs.ts";
import type { ArtifactMetadata, GraphInput } from "./artifact/metadata.ts";
import { costFor, predictMemory, type Task } from "./artifact/cost.ts";
import { samplesIn } from "./artifact/frames.ts";
import { bytesAsText, parseBytes } from "./artifact/parse-bytes.ts";
import { formatTable } from "./artifact/format-table.ts";
import { plural } from "./artifact/plural.ts";
import { version } from "./artifact/version.ts";
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
import { findCodePage } from "./diagnostics/codes/find-code-page.ts";
import { CompileError } from "./diagnostics/diagnostic.ts";
import { tellOfVariants } from "./frontend/each-variant.ts";
import type { LoadOptions } from "./frontend/load-spec.ts";
import { printCoverage } from "./weights/coverage.ts";
import { printDiagnostic } from "./diagnostics/print-diagnostic.ts";
import { watchReads } from "./watch-reads.ts";

/** As this was called: by the clone's script, or as the package's command. */
const command = process.env["npm_lifecycle_event"] === "compile" ? "npm run compile --" : "specgraph compile";

const usage = `Usage: ${command} [SPEC] [options]

Compiles a model spec to one ONNX file that infers and trains.

  SPEC                  a TypeScript file whose default export is a model, a function of options that gives one, or
                        variants(...) (default: spec/ast.ts)

  --out FILE            the file to write (default: graph.onnx)
  --artifacts DIR       write what ONNX Runtime's training builds (1.19.2) load instead: training_model.onnx, eval_model.onnx,
                        optimizer_model.onnx and checkpoint
  --set PATH=VALUE      an option of the spec as though the spec said so: stride=12, training.epochs=5; as often as there are
                        options to set; lists and objects as JSON
  --variant NAME        of a spec with variants, the one to compile
  --variants DIR        compile all of them, each with each of its seeds, to DIR/NAME/seed-0.onnx and so on
  --seeds N             with --variants or --print variants: so many seeds of each, from its first on (default: the spec's)
  --weights PATH        to start from: .pth, .safetensors, .npz, graph.onnx, a checkpoint of --artifacts or a Hugging Face
                        folder; none for random ones (default: the spec's)
  --weights-from KEY    which of several models in it: model_ema, teacher, ... (default: the spec's)
  --weights-labels CSV  the weights' class names, by row (default: the file's own)
  --memory SIZE         what training may take, such as 4GB: what does not fit is computed anew (default: the spec's)
  --input KIND          where the graph starts: waveform or features (default: waveform)
  --outputs NAMES       what the graph gives besides logits and scores: embedding, attention, or both with a comma between
  --print STAGE         print inference, gradients or update as text, and write nothing; cost: what each part of the spec
                        takes of operations and memory; variants: which there are
  --batch N             with --print cost: clips at once (default: 1)
  --seconds S           with --print cost: their length (default: as long as the model hears)
  --watch               compile again whenever the spec, or a file that it reads, has changed; Ctrl-C ends it
  --explain CODE        tell what an error's code, which stands behind its message, means
  --json                print one JSON object instead of text
  --version             print the version
  --help                print this

Examples:
  ${command} spec/birds.ts --out birds.onnx
  ${command} spec/birds.ts --print cost --batch 16
  ${command} spec/birds.ts --set stride=12 --set training.epochs=5 --out birds-12.onnx
  ${command} spec/ablations/overlap.ts --variant stride=12 --out overlap-4.onnx
  ${command} spec/esc10.ts --weights deit_tiny_patch16_224-a1311bcf.pth --out esc10.onnx`;

const fail = (code: DiagnosticCode, message: string): never => {
  throw new CompileError([{ code, message }]);
};

const readArguments = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        out: { type: "string", default: "graph.onnx" },
        artifacts: { type: "string" },
        set: { type: "string", multiple: true },
        variant: { type: "string" },
        variants: { type: "string" },
        seeds: { type: "string" },
        weights: { type: "string" },
        "weights-from": { type: "string" },
        "weights-labels": { type: "string" },
        input: { type: "string", default: "waveform" },
        memory: { type: "string" },
        outputs: { type: "string" },
        print: { type: "string" },
        batch: { type: "string" },
        seconds: { type: "string" },
        watch: { type: "boolean", default: false },
        explain: { type: "string" },
        json: { type: "boolean", default: false },
        version: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    const [reason = ""] = error instanceof Error ? error.message.split(". ") : [];
    return fail("arguments", `${reason}; see --help`);
  }
};

/** Of a clone: the paper's model. */
const defaultSpec = "spec/ast.ts";

const readOutputs = (list: string): readonly ExtraOutput[] =>
  list.split(",").map((name) => {
    const output = extraOutputs.find((known) => known === name.trim());
    return output ?? fail("arguments", `--outputs takes ${extraOutputs.join(" and ")}, not "${printable(name)}"`);
  });

const readMemory = (text: string): number =>
  parseBytes(text) ?? fail("arguments", `--memory takes ${bytesAsText}, not "${printable(text)}"`);

const isGraphInput = (value: string): value is GraphInput => value === "waveform" || value === "features";
const printedParts = ["inference", "gradients", "update", "cost", "variants"] as const satisfies readonly (
  | StageName
  | "cost"
  | "variants"
)[];

const print = (text: string): void => void process.stdout.write(`${printableLines(text)}\n`);
const printJson = (value: object): void => void process.stdout.write(`${printableJson(value)}\n`);
const printError = (text: string): void => void process.stderr.write(`${printableLines(text)}\n`);

const readCostOptions = (values: {
  readonly print?: string;
  readonly batch?: string;
  readonly seconds?: string;
}): CostOptions => {
  for (const option of ["batch", "seconds"] as const) {
    if (values[option] !== undefined && values.print !== "cost") {
      fail("arguments", `--${option} goes with --print cost; a recipe's batch is in the spec`);
    }
  }
  const [batch, seconds] = [Number(values.batch ?? 1), Number(values.seconds ?? 1)] as const;
  if (!Number.isSafeInteger(batch) || batch < 1) {
    fail("arguments", `--batch is a whole number of 1 or more, not ${values.batch}`);
  }
  if (!Number.isFinite(seconds) || seconds <= 0)
    fail("arguments", `--seconds is a number above 0, not ${values.seconds}`);
  return { batch, ...(values.seconds === undefined ? {} : { seconds }) };
};

const readSeedCount = (seeds: string | undefined): { readonly seeds?: number } => {
  if (seeds === undefined) return {};
  const count = Number(seeds);
  if (/^\d+$/.test(seeds) && count >= 1 && count <= 1000) return { seeds: count };
  return fail("arguments", `--seeds is a whole number from 1 to 1000, not ${printable(seeds)}`);
};

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
  const { parameters, specHash } = metadata;
  return { bytes, parameters, specHash, memory: memoryOf(metadata), work: workOf(metadata), coverage };
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

const explainCode = (code: string, asJson: boolean): void => {
  const page = findCodePage(code);
  if (!("means" in page)) {
    const near = page.length > 0 ? `; did you mean ${page.join(" or ")}?` : "; ERRORS.md lists them";
    return fail("arguments", `no error has the code "${printable(code)}"${near}`);
  }
  const { means, right } = page;
  if (asJson) printJson({ code, ...page });
  else print(`${code}\n\n${means}${right === undefined ? "" : `\n\nAs it is written:\n\n    ${right}`}`);
};

const describeModel = (spec: string, target: string, { specName, classes, parameters }: ArtifactMetadata): string =>
  `${spec} -> ${target}: ${printable(specName)}, ${classes.length} classes, ${formatCount(parameters)} parameters`;

const writeArtifacts = (options: LoadOptions, folder: string, asJson: boolean): void => {
  const { spec, input } = options;
  const started = performance.now();
  const { metadata, coverage, warnings, bytes, inputs } = compileArtifacts(options, folder);
  const seconds = (performance.now() - started) / 1000;
  if (asJson) {
    const { parameters, specHash } = metadata;
    printJson({ spec, artifacts: folder, input, seconds, bytes, parameters, specHash, inputs, coverage, warnings });
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

interface Act {
  readonly printed: (typeof printedParts)[number] | undefined;
  /** The folder of all variants. */
  readonly variants: string | undefined;
  /** The folder of ONNX Runtime's own artifacts. */
  readonly artifacts: string | undefined;
  readonly seedCount: ReturnType<typeof readSeedCount>;
  readonly costOptions: CostOptions;
  readonly asJson: boolean;
}

/** What the command line asks for, done once. @throws CompileError */
const compileOnce = (
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
    const { settings = [] } = metadata;
    printJson({ spec, out, input, settings, seconds, ...factsOf(compiled), warnings });
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

/** @returns the exit code */
const reportFailure = (error: unknown): 1 | 2 => {
  if (error instanceof CompileError) {
    printError(error.diagnostics.map(printDiagnostic).join("\n\n"));
    return 2;
  }
  printError(`specgraph has a defect: ${error instanceof Error ? error.stack : String(error)}`);
  return 1;
};

/** What is wrong with a spec, as one line. */
const printErrorsAsJson = (spec: string, { diagnostics }: CompileError): void => {
  const errors = diagnostics.map(({ span, ...told }) => ({
    ...told,
    file: span?.file,
    line: span?.line,
    column: span?.column,
  }));
  printJson({ spec, errors });
};

const ending = new AbortController();

const watchSpec = async (
  spec: string,
  asJson: boolean,
  act: (onRead: (path: string) => void) => void,
): Promise<void> => {
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => ending.abort());
  let isTold = false;
  await watchReads((onRead) => {
    try {
      act(onRead);
    } catch (error) {
      if (asJson && error instanceof CompileError) printErrorsAsJson(spec, error);
      else reportFailure(error);
    }
    if (!isTold) printError(`watching ${spec} and what it reads; Ctrl-C ends`);
    isTold = true;
  }, ending.signal);
};

const run = async (args: readonly string[]): Promise<void> => {
  const { values, positionals } = readArguments(args);
  if (values.help) {
    print(usage);
    return;
  }
  if (values.version) {
    print(version);
    return;
  }
  if (values.explain !== undefined) {
    explainCode(values.explain, values.json);
    return;
  }
  if (positionals.length > 1) fail("arguments", `expected one spec, got ${positionals.join(" ")}; see --help`);
  const { out, artifacts, input, weights, "weights-from": weightsFrom, "weights-labels": weightsLabels } = values;
  if (out === "") fail("arguments", "--out names no file; see --help");
  if (artifacts === "") fail("arguments", "--artifacts names no folder; see --help");
  if (weights === "") fail("arguments", "--weights names no file; see --help");
  if (!isGraphInput(input)) return fail("arguments", `--input is waveform or features, not ${input}`);
  const printed = printedParts.find((name) => name === values.print);
  if (values.print !== undefined && printed === undefined) {
    fail(
      "arguments",
      `--print is ${printedParts.slice(0, -1).join(", ")} or ${printedParts.at(-1)}, not ${values.print}`,
    );
  }
  const costOptions = readCostOptions(values);
  const memoryBytes = values.memory === undefined ? undefined : readMemory(values.memory);
  const outputs = values.outputs === undefined ? undefined : readOutputs(values.outputs);
  const { variant, variants } = values;
  const isOfAll = variants !== undefined || printed === "variants";
  if (variants !== undefined && printed !== undefined && printed !== "variants")
    fail("arguments", `--variants is about all variants, and --print ${printed} about one: --variant NAME`);
  if (variants === "") fail("arguments", "--variants names no folder; see --help");
  if (variant !== undefined && isOfAll) fail("arguments", "--variant is about one variant, and this about all of them");
  const isOutGiven = args.some((arg) => arg === "--out" || arg.startsWith("--out="));
  if (variants !== undefined && isOutGiven)
    fail("arguments", "--variants names where all variants go, and --out where one does; leave one of them out");
  if (values.seeds !== undefined && !isOfAll)
    fail("arguments", "--seeds goes with --variants; the seed of a model is in its spec");
  const seedCount = readSeedCount(values.seeds);
  if (outputs !== undefined && printed !== undefined)
    fail("arguments", "--outputs is about the file that is written, and --print writes none; leave one of them out");
  const other = isOutGiven
    ? "out"
    : (["outputs", "print", "variants"] as const).find((name) => values[name] !== undefined);
  if (artifacts !== undefined && other !== undefined)
    fail("arguments", `--${other} is about graphs, and --artifacts writes none; leave one of them out`);

  const spec = positionals[0] ?? defaultSpec;
  if (positionals.length === 0 && !existsSync(spec)) {
    fail("arguments", `no spec is named, and there is no ${defaultSpec} here; see --help`);
  }
  const options: CompileOptions = {
    spec,
    ...(variant === undefined ? {} : { variant }),
    out,
    input,
    ...(outputs === undefined ? {} : { outputs }),
    ...(values.set === undefined ? {} : { settings: values.set }),
    ...(weights === undefined ? {} : { weights }),
    ...(weightsFrom === undefined ? {} : { weightsFrom }),
    ...(weightsLabels === undefined ? {} : { weightsLabels }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
  };
  const act = (onRead?: (path: string) => void): void =>
    compileOnce(
      { ...options, ...(onRead ? { onRead } : {}) },
      { printed, variants, artifacts, seedCount, costOptions, asJson: values.json },
    );
  if (values.watch) await watchSpec(spec, values.json, act);
  else act();
};

watchOutput(() => ending.abort());
try {
  await run(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportFailure(error);
}
