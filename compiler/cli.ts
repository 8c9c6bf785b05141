#!/usr/bin/env node
/** `specgraph compile [spec.ts] [--out graph.onnx] [--input waveform|features]`; in a clone, `npm run compile -- ...`. */
import type { DiagnosticCode } from "./diagnostics/codes/codes.ts";
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { printable } from "./artifact/printable.ts";
import { compileCommand } from "./artifact/files/program-name.ts";
import { watchOutput } from "./artifact/files/watch-output.ts";
import { type ExtraOutput, extraOutputs } from "./artifact/extra-outputs.ts";
import type { GraphInput } from "./artifact/metadata.ts";
import { bytesAsText, parseBytes } from "./artifact/parse-bytes.ts";
import { version } from "./artifact/version.ts";
import type { CompileOptions } from "./compile.ts";
import type { Act } from "./compile-once.ts";
import type { CostOptions } from "./cost/extent-of.ts";
import { findCodePage } from "./diagnostics/codes/find-code-page.ts";
import { CompileError } from "./diagnostics/diagnostic.ts";
import { printDiagnostic } from "./diagnostics/print-diagnostic.ts";
import { print, printError, printJson } from "./print.ts";
import { watchReads } from "./watch-reads.ts";

const usage = `Usage: ${compileCommand} [SPEC] [options]

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
  ${compileCommand} spec/birds.ts --out birds.onnx
  ${compileCommand} spec/birds.ts --print cost --batch 16
  ${compileCommand} spec/birds.ts --set stride=12 --set training.epochs=5 --out birds-12.onnx
  ${compileCommand} spec/ablations/overlap.ts --variant stride=12 --out overlap-4.onnx
  ${compileCommand} spec/esc10.ts --weights deit_tiny_patch16_224-a1311bcf.pth --out esc10.onnx`;

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
const printedParts = [
  "inference",
  "gradients",
  "update",
  "cost",
  "variants",
] as const satisfies readonly Act["printed"][];

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

const explainCode = (code: string, asJson: boolean): void => {
  const page = findCodePage(code);
  if (!("means" in page)) {
    const near = page.length > 0 ? `; did you mean ${page.join(" or ")}?` : "; ERRORS.md lists them";
    return fail("arguments", `no error has the code "${printable(code)}"${near}`);
  }
  const { means, right } = page;
  if (asJson) printJson({ code, ...page });
  else {
    const example = right?.replace(/^specgraph compile /, `${compileCommand} `);
    print(`${code}\n\n${means}${example === undefined ? "" : `\n\nAs it is written:\n\n    ${example}`}`);
  }
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
  const { compileOnce } = await import("./compile-once.ts");
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
