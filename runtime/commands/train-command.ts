/** `runtime train`. */
import { type Command, exitCodes } from "./command.ts";
import {
  clipOptions,
  commonOptions,
  deviceOption,
  oneOperand,
  type OptionValues,
  parseOptions,
  runOptions,
  skipOption,
  trainingOptions,
  type Usage,
} from "./options.ts";
import { UserError } from "../user-error.ts";
import { tell } from "./tell.ts";
import { runTraining } from "./run-training.ts";
import { prepareNewRun } from "../train/prepare-new-run.ts";
import { prepareResumedRun } from "../train/prepare-resumed-run.ts";
import type { PrepareOptions } from "../train/prepared-run.ts";

const options = {
  ...clipOptions,
  "eval-data": {
    kind: "text",
    value: "PATH",
    help: "clips to evaluate on (default: those the data names, or a fifth)",
  },
  ...trainingOptions,
  seed: {
    kind: "integer",
    value: "N",
    least: 0,
    help: "decides all that is random, and the held-out fifth (default: the spec's)",
  },
  ...skipOption,
  ...deviceOption,
  out: {
    kind: "text",
    value: "DIR",
    help: "for all that the run writes (default: runs/SPEC-1, or the next number)",
  },
  overwrite: { kind: "flag", help: "replace the run that --out DIR holds" },
  resume: {
    kind: "flag",
    help: "go on with the run in --out DIR, as if it had never stopped; to more epochs with --epochs",
  },
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "train",
  synopsis: "GRAPH [options], or --resume --out DIR",
  description: `Trains a compiled graph on labelled clips. After each epoch it evaluates the graph and writes it, trained,
to DIR/graph.onnx, which infers and trains like the first; best.onnx is that of the best evaluation, and
averaged.onnx, where the spec averages epochs, the mean of their parameters. Ctrl-C ends training after the step
at hand and saves; --resume goes on to the same result, bit for bit. TensorBoard shows DIR.`,
  operands: [["GRAPH", "a graph.onnx that the compiler or an earlier training wrote"]],
  options,
  examples: [
    "runtime train graph.onnx",
    "runtime train graph.onnx --data clips/ --epochs 10 --out runs/clips",
    "runtime train --resume --out runs/clips",
    "runtime train graph.onnx --data ESC-50/ --fold 1 --lr 1e-4 --json > steps.jsonl",
  ],
};

type Values = OptionValues<typeof options>;

const prepare = (args: readonly string[], operands: readonly string[], values: Values, options: PrepareOptions) => {
  const { out, overwrite, resume } = values;
  if (!resume) {
    const command = ["runtime", "train", ...args];
    return prepareNewRun(oneOperand(usage, operands), runOptions(values), { out, overwrite, command, ...options });
  }
  if (overwrite)
    throw new UserError("usage", {}, "--resume goes on with a run, --overwrite replaces it: give one of them");
  if (out === undefined)
    throw new UserError("usage", {}, "--resume goes on with a run: name its folder with --out DIR");
  const graph = operands.length === 0 ? undefined : oneOperand(usage, operands);
  return prepareResumedRun(out, graph, runOptions(values), options);
};

export const trainCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const prepared = await prepare(args, operands, values, { skipBad: values["skip-bad"], signal, ...tell(output) });
    if (!prepared) return exitCodes.interrupted;
    await runTraining(prepared, { output, signal, checkpointMinutes: values["checkpoint-minutes"] });
    return signal.aborted ? exitCodes.interrupted : exitCodes.done;
  },
};
