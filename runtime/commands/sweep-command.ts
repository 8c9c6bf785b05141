/** `runtime sweep`. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Dataset } from "../data/dataset.ts";
import { createClipExaminer, type ExamineClips } from "../data/examine-clips.ts";
import { readDataset } from "../data/sources/read-dataset.ts";
import { writeText } from "../files/write-text.ts";
import { quoteCommand } from "../report/html/facts.ts";
import { renderSweep } from "../report/html/render-sweep.ts";
import { formatSweep } from "../report/terminal/format-sweep.ts";
import { runFolder } from "../runs/run-folder.ts";
import { readPredictions } from "../runs/run-predictions.ts";
import { type Part, type PartOptions, planParts, requireAllClasses } from "../sweep/plan-parts.ts";
import { sizeOf } from "../sweep/size-of.ts";
import { summarizeSweep, type SweepRun } from "../sweep/summarize-sweep.ts";
import {
  closeSweep,
  defaultFolder,
  describeSweep,
  openSweep,
  runOf,
  type SweepFiles,
  type ListedGraph,
} from "../sweep/sweep-folder.ts";
import { readInputs, type RunInputs } from "../train/prepared-run.ts";
import { UserError } from "../user-error.ts";
import { type Command, exitCodes } from "./command.ts";
import { type CompilerOptions, compileVariants, listVariants } from "./compile-variants.ts";
import { finishRun, interrupted } from "./finish-run.ts";
import {
  clipOptions,
  commonOptions,
  deviceOption,
  evalDataOption,
  oneOperand,
  type OptionValues,
  parseOptions,
  runOptions,
  skipOption,
  trainingOptions,
  type Usage,
} from "./options.ts";
import type { Output } from "./output.ts";
import { tell } from "./tell.ts";

const options = {
  ...clipOptions,
  ...evalDataOption,
  folds: {
    kind: "integer",
    value: "K",
    least: 2,
    help: "cross-validate each in so many parts (default: one division)",
  },
  repeats: { kind: "integer", value: "N", least: 1, help: "seeds of each, from its first on (default: the spec's)" },
  weights: { kind: "text", value: "PATH", help: "that variants start from, if they start from any; none: random ones" },
  set: {
    kind: "texts",
    value: "PATH=VALUE",
    help: "an option that all variants have in common, as of compile; as often as needed",
  },
  memory: { kind: "text", value: "SIZE", help: "what training may take, as of compile" },
  ...trainingOptions,
  ...skipOption,
  ...deviceOption,
  out: { kind: "text", value: "DIR", help: "for the runs, results.json and report.html (default: runs/SPEC-sweep)" },
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "sweep",
  synopsis: "SPEC [options]",
  description: `Compiles, trains and measures each variant of a spec whose default export is variants(...), and prints one table. All
are compiled before the first is trained, and all hear the same clips. Each with each of its seeds is a run of its own,
DIR/VARIANT/seed-0 and so on; the same command again goes on where it was interrupted. Figures are those of the averaged
parameters, where the spec averages, else of the last epoch; an ensemble's of the mean of its runs' scores.`,
  operands: [["SPEC", "a TypeScript file whose default export is variants(...)"]],
  options,
  examples: [
    "runtime sweep spec/ablations/esc10-overlap.ts --data ESC-50/meta/esc10.csv --fold 1 --epochs 3",
    "runtime sweep birds.ts --data clips/ --repeats 3 --json > sweep.jsonl",
  ],
};

type Values = OptionValues<typeof options>;

interface SweptVariant extends ListedGraph {
  readonly inputs: RunInputs;
}

const compilerOptions = (
  spec: string,
  out: string,
  values: Values,
): Pick<CompilerOptions, "spec" | "out" | "args" | "seeds"> => ({
  spec,
  out,
  seeds: values.repeats,
  args: [
    ...(values.set ?? []).flatMap((setting) => ["--set", setting]),
    ...(["weights", "memory"] as const).flatMap((name) => {
      const value = values[name];
      return value === undefined ? [] : [`--${name}`, value];
    }),
  ],
});

/** What decides a sweep besides its spec. */
const decidingOptions = (values: Values) => {
  const { data, labels, fold, folds, epochs, steps, batch, lr, weights, set, memory } = values;
  return {
    data,
    labels,
    fold,
    evalData: values["eval-data"],
    folds,
    epochs,
    steps,
    batch,
    lr,
    weights,
    set: set?.join(" "),
    memory,
  };
};

/** Of data that each variant reads by its own classes, the first one's. */
const readClips = async (
  variants: readonly SweptVariant[],
  partOptions: PartOptions,
  skipBad: boolean,
): Promise<Dataset> => {
  const { data, labels, fold } = partOptions;
  const read = new Map<string, Dataset>();
  for (const { inputs } of variants) {
    const { classes, objective } = inputs.artifact.metadata;
    const key = JSON.stringify([classes, objective]);
    if (read.has(key)) continue;
    const dataset = await readDataset({ classes, objective, data, labels, fold, skipBad });
    requireAllClasses(dataset, partOptions);
    read.set(key, dataset);
  }
  const [first] = read.values();
  if (!first) throw new RangeError("a sweep has no variants");
  return first;
};

/** A clip is opened once for all variants that ask the same of it. */
const shareExaminers = (signal: AbortSignal, output: Output): ((inputs: RunInputs) => ExamineClips) => {
  const examiners = new Map<string, ExamineClips>();
  return ({ artifact: { metadata } }) => {
    const { sampleRateHz, minSamples } = metadata;
    const key = `${sampleRateHz}/${minSamples}`;
    const known = examiners.get(key) ?? createClipExaminer({ sampleRateHz, minSamples, signal, ...tell(output) });
    examiners.set(key, known);
    return known;
  };
};

const trainAll = async (
  variants: readonly SweptVariant[],
  parts: readonly Part[],
  args: readonly string[],
  values: Values,
  output: Output,
  signal: AbortSignal,
): Promise<readonly SweepRun[] | undefined> => {
  const examinerFor = shareExaminers(signal, output);
  const notes = new Set<string>();
  const runs: SweepRun[] = [];
  for (const part of parts) {
    for (const { variant, seed, out: graph, inputs } of variants) {
      const { fold } = part;
      const path = fold === null ? runOf(graph) : join(runOf(graph), `fold-${fold}`);
      output.progress(`${variant}, seed ${seed}${fold === null ? "" : `, fold ${fold}`}: ${path}`);
      const note = (text: string): void => {
        if (!notes.has(text)) output.note(text);
        notes.add(text);
      };
      const runOutput: Output = {
        ...output,
        json: (event) => output.json({ variant, seed, ...(fold === null ? {} : { fold }), ...event }),
        result: output.progress,
        note,
      };
      const { metadata } = inputs.artifact;
      const result = await finishRun(
        graph,
        { repeat: seed, fold: fold ?? 1, path, options: { ...runOptions(values), ...part.options, seed } },
        runOutput,
        {
          figure: metadata.recipe.bestBy,
          command: ["runtime", "sweep", ...args],
          checkpointMinutes: values["checkpoint-minutes"],
          skipBad: values["skip-bad"],
          examine: examinerFor(inputs),
          signal,
          note,
        },
      );
      if (!result) return undefined;
      const folder = runFolder(path);
      const files = result.averaged === null ? folder.last : folder.averaged;
      const answers = await readPredictions(files.predictions, metadata.classes.length);
      runs.push({ variant, seed, fold, result, answers });
    }
  }
  return runs;
};

/** All variants as graphs, which an earlier call may have compiled. */
const compileAll = async (
  listed: readonly ListedGraph[],
  compiler: CompilerOptions,
  values: Values,
): Promise<readonly SweptVariant[] | undefined> => {
  if (!listed.every(({ out }) => existsSync(out)) && !(await compileVariants(compiler))) return undefined;
  return listed.map((graph) => ({ ...graph, inputs: readInputs(graph.out, runOptions(values)) }));
};

const requireOneFigure = (variants: readonly SweptVariant[]): SweptVariant["inputs"]["recipe"]["bestBy"] => {
  const figures = [...new Set(variants.map(({ inputs }) => inputs.artifact.metadata.recipe.bestBy))];
  const [figure, other] = figures;
  if (figure !== undefined && other === undefined) return figure;
  throw new UserError(
    "tasks-differ",
    {},
    `variants are compared by one figure, and these are told by ${figures.join(" and ")}; give all the same bestBy`,
  );
};

/** Variants in order, each once, by the graph of its first seed. */
const firstOfEach = (variants: readonly SweptVariant[]): readonly SweptVariant[] =>
  variants.filter(({ variant }, index) => variants.findIndex((other) => other.variant === variant) === index);

const finishSweep = async (
  spec: string,
  args: readonly string[],
  files: SweepFiles,
  variants: readonly SweptVariant[],
  runs: readonly SweepRun[],
  output: Output,
): Promise<void> => {
  const compared = firstOfEach(variants).map(({ variant, inputs }) => ({
    variant,
    size: sizeOf(inputs),
    task: inputs.artifact.metadata,
  }));
  const result = summarizeSweep(requireOneFigure(variants), compared, runs);
  await writeText(files.results, `${JSON.stringify(result, null, 2)}\n`);
  await writeText(files.report, renderSweep(spec, quoteCommand(["runtime", "sweep", ...args]), result));
  for (const each of result.variants) output.json({ event: "variant", figure: result.figure, ...each });
  output.json({
    event: "sweep",
    figure: result.figure,
    ensemble: result.ensemble,
    results: files.results,
    report: files.report,
  });
  output.result(`\n${formatSweep(result)}\n\nreport: ${files.report}`);
};

export const sweepCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const spec = oneOperand(usage, operands, "one spec");
    const { data, labels, fold, folds, out = defaultFolder(spec), "skip-bad": skipBad = false } = values;
    if (fold !== undefined && folds !== undefined)
      throw new UserError(
        "usage",
        {},
        "--fold is about one part, and --folds about all of them; leave one of them out",
      );
    const compiler: CompilerOptions = { ...compilerOptions(spec, out, values), signal, note: output.note };
    output.progress(`${spec}: checking all variants`);
    const listed = await listVariants(compiler);
    if (!listed) return interrupted(output);
    const files = await openSweep(out, describeSweep(out, listed, decidingOptions(values)));
    try {
      const variants = await compileAll(listed, compiler, values);
      if (!variants) return interrupted(output);
      requireOneFigure(variants);
      const partOptions: PartOptions = {
        data,
        labels,
        fold,
        evalData: values["eval-data"],
        folds,
        seed: variants[0]?.seed ?? 0,
        out,
      };
      const dataset = await readClips(variants, partOptions, skipBad);
      const parts = await planParts(
        dataset,
        partOptions,
        variants.some(({ out: graph }) => existsSync(runOf(graph))),
      );
      const runs = await trainAll(variants, parts, args, values, output, signal);
      if (!runs) return interrupted(output);
      await finishSweep(spec, args, files, variants, runs, output);
      return exitCodes.done;
    } finally {
      closeSweep(files);
    }
  },
};
