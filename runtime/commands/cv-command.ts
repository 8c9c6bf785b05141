/** `runtime cv`. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Figure } from "../../compiler/artifact/recipe.ts";
import { ownFolds } from "../cross-validation/plan-folds.ts";
import { createOutFolder, type FoldRun, planRuns, resultsFile } from "../cross-validation/plan-runs.ts";
import { readFoldResult } from "../cross-validation/read-fold-result.ts";
import { type FoldResult, summarizeFolds } from "../cross-validation/summarize-folds.ts";
import type { Dataset } from "../data/dataset.ts";
import { createClipExaminer } from "../data/examine-clips.ts";
import { readDataset } from "../data/sources/read-dataset.ts";
import { requireReadable } from "../data/unreadable-clips.ts";
import { selectDevice } from "../devices/select-device.ts";
import { writeText } from "../files/write-text.ts";
import { type Execution, runTraining } from "../library/run-training.ts";
import { formatFolds } from "../report/terminal/format-folds.ts";
import { folderName, runFolder } from "../runs/run-folder.ts";
import { orUnlock, unlockRun } from "../runs/run-lock.ts";
import { prepareNewRun } from "../train/prepare-new-run.ts";
import { prepareResumedRun } from "../train/prepare-resumed-run.ts";
import { type PreparedRun, type PrepareOptions, readInputs } from "../train/prepared-run.ts";
import { requireMemory } from "../train/require-memory.ts";
import { UserError } from "../user-error.ts";
import { type Command, type ExitCode, exitCodes } from "./command.ts";
import { tell } from "./tell.ts";
import {
  clipOptions,
  commonOptions,
  deviceOption,
  oneOperand,
  parseOptions,
  runOptions,
  skipOption,
  trainingOptions,
  type Usage,
} from "./options.ts";
import type { Output } from "./output.ts";
import { showTraining } from "./show-training.ts";

const { fold: _, ...dataOptions } = clipOptions;
const options = {
  ...dataOptions,
  data: { ...dataOptions.data, help: "a folder per class, a known data set's, a CSV or AST's JSON" },
  folds: { kind: "integer", value: "K", least: 2, help: "how many parts (default: the data's own, else 5)" },
  repeats: { kind: "integer", value: "N", least: 1, help: "times, each with the next seed (default: 1)" },
  ...trainingOptions,
  seed: { kind: "integer", value: "N", least: 0, help: "of the first repeat (default: the spec's)" },
  ...skipOption,
  ...deviceOption,
  out: { kind: "text", value: "DIR", help: "for the runs and results.json (default: runs/SPEC-cv)" },
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "cv",
  synopsis: "GRAPH --data PATH [options]",
  description: `Cross-validation: for each fold trains the graph afresh on the others and evaluates on it. Folds are the data's own
(ESC-50), or drawn by the seed with equal shares of every class. Each is a run of its own, DIR/repeat-1/fold-1 and so on;
the same command again goes on where it was interrupted.`,
  operands: [["GRAPH", "a graph.onnx that the compiler or an earlier training wrote"]],
  options,
  examples: [
    "runtime cv graph.onnx --data ESC-50/ --repeats 3",
    "runtime cv graph.onnx --data clips/ --folds 10 --epochs 20 --out runs/ten",
  ],
};

/** That parts which data names mean nothing here; nothing where it names none. */
const describeDivision = (dataset: Dataset): readonly string[] => {
  if (ownFolds(dataset).length > 0 || dataset.clips.every(({ split }) => split === undefined)) return [];
  return [`${dataset.name}: all its clips are divided anew, those for validation and test too`];
};

/** A fold's run: a new one, or the one that an earlier call began. */
const prepareFold = async (
  graph: string,
  { path, options }: FoldRun,
  args: readonly string[],
  preparing: PrepareOptions,
): Promise<PreparedRun | undefined> =>
  existsSync(runFolder(path).config)
    ? prepareResumedRun(path, graph, options, preparing)
    : prepareNewRun(graph, options, { out: path, command: ["runtime", "cv", ...args], ...preparing });

const trainFold = async (prepared: PreparedRun, output: Output, execution: Execution): Promise<void> => {
  const { show, onProgress, clear } = showTraining(output);
  const onEvaluation = (clips: number, of: number): void => onProgress({ task: "evaluating", clips, of });
  try {
    for await (const event of runTraining(prepared, { ...execution, onEvaluation })) show(event);
  } finally {
    clear();
  }
};

const interrupted = ({ progress }: Output): ExitCode => {
  progress("interrupted; the same command goes on");
  return exitCodes.interrupted;
};

/** What an earlier call found; undefined where there is still something to do, be it to evaluate the averaged parameters. */
const earlierResult = (
  { options: { checkpoint, folder } }: PreparedRun,
  figure: Figure,
  place: Pick<FoldRun, "repeat" | "fold">,
): FoldResult | undefined => {
  if (!checkpoint?.progress.finished) return undefined;
  const result = readFoldResult(folder, figure, place);
  return checkpoint.progress.averaged > 0 && result.averaged === null ? undefined : result;
};

export const cvCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const graph = oneOperand(usage, operands);
    const {
      data,
      labels,
      folds,
      repeats = 1,
      out: given,
      "checkpoint-minutes": checkpointMinutes,
      "skip-bad": skipBad = false,
    } = values;
    if (data === undefined) throw new UserError("usage", {}, "runtime cv needs clips of your own: --data PATH");
    const inputs = readInputs(graph, runOptions(values));
    const { metadata } = inputs.artifact;
    const { classes, objective, recipe, specName } = metadata;
    const dataset = await readDataset({ classes, objective, data, labels, skipBad });
    const examine = createClipExaminer({ ...metadata, signal, onExamined: tell(output).onExamined });
    const examination = await examine(dataset.clips);
    if (!examination) return interrupted(output);
    if (!skipBad) requireReadable(examination.faults, dataset.clips.length);
    const out = given ?? join("runs", `${folderName(specName)}-cv`);
    const options = { ...runOptions(values), seed: values.seed ?? recipe.seed };
    requireMemory(inputs, examination.lengths, await selectDevice(options.device));
    createOutFolder(out);
    const plans = await planRuns(dataset, { folds, repeats, out, options });

    // Said once, not by each fold again.
    const notes = new Set([...dataset.notes, ...describeDivision(dataset)]);
    for (const note of notes) output.note(note);
    const results: FoldResult[] = [];
    for (const plan of plans) {
      const { repeat, fold, path } = plan;
      output.progress(`repeat ${repeat}, fold ${fold}: ${path}`);
      const foldOutput: Output = {
        ...output,
        json: (event) => output.json({ repeat, fold, ...event }),
        note: (text) => {
          if (!notes.has(text)) output.note(text);
        },
      };
      const { note } = foldOutput;
      const prepared = await prepareFold(graph, plan, args, { skipBad, signal, examine, note });
      if (!prepared) return interrupted(output);
      const earlier = await orUnlock(path, async () => earlierResult(prepared, recipe.bestBy, { repeat, fold }));
      if (earlier) unlockRun(path);
      else await trainFold(prepared, foldOutput, { signal, note, checkpointMinutes });
      if (signal.aborted) return interrupted(output);
      results.push(earlier ?? readFoldResult(prepared.options.folder, recipe.bestBy, { repeat, fold }));
    }
    const summary = summarizeFolds(recipe.bestBy, results);
    await writeText(resultsFile(out), `${JSON.stringify(summary, null, 2)}\n`);
    output.json({ event: "results", ...summary });
    output.result(`\n${formatFolds(summary)}`);
    return exitCodes.done;
  },
};
