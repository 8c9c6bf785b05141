/** `runtime cv`. */
import { programName } from "../../compiler/artifact/files/program-name.ts";
import { join } from "node:path";
import { ownFolds } from "../cross-validation/plan-folds.ts";
import { createOutFolder, planRuns, resultsFile } from "../cross-validation/plan-runs.ts";
import { type FoldResult, summarizeFolds } from "../cross-validation/summarize-folds.ts";
import type { Dataset } from "../data/dataset.ts";
import { createClipExaminer } from "../data/examine-clips.ts";
import { readDataset } from "../data/sources/read-dataset.ts";
import { requireReadable } from "../data/unreadable-clips.ts";
import { selectDevice } from "../devices/select-device.ts";
import { writeText } from "../files/write-text.ts";
import { formatFolds } from "../report/terminal/format-folds.ts";
import { folderName } from "../runs/run-folder.ts";
import { readInputs } from "../train/prepared-run.ts";
import { requireMemory } from "../train/require-memory.ts";
import { UserError } from "../user-error.ts";
import { type Command, exitCodes } from "./command.ts";
import { finishRun, interrupted } from "./finish-run.ts";
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
    if (data === undefined) throw new UserError("usage", {}, `${programName} cv needs clips of your own: --data PATH`);
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
      const result = await finishRun(graph, plan, foldOutput, {
        figure: recipe.bestBy,
        command: ["runtime", "cv", ...args],
        checkpointMinutes,
        skipBad,
        signal,
        examine,
        note,
      });
      if (!result) return interrupted(output);
      results.push(result);
    }
    const summary = summarizeFolds(recipe.bestBy, results);
    await writeText(resultsFile(out), `${JSON.stringify(summary, null, 2)}\n`);
    output.json({ event: "results", ...summary });
    output.result(`\n${formatFolds(summary)}`);
    return exitCodes.done;
  },
};
