/** `runtime train`. */
import { type Command, exitCodes } from "./command.ts";
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
import type { FailureCode } from "../failure-codes.ts";
import { UserError } from "../user-error.ts";
import { resume, train } from "../library/train.ts";
import type { TrainOptions } from "../library/training.ts";
import { showTraining } from "./show-training.ts";
import { untilInterrupted } from "./until-interrupted.ts";

const options = {
  ...clipOptions,
  ...evalDataOption,
  ...trainingOptions,
  seed: {
    kind: "integer",
    value: "N",
    least: 0,
    help: "decides all that is random, and the held-out fifth (default: the spec's)",
  },
  ...skipOption,
  ...deviceOption,
  distributed: {
    kind: "choice",
    value: "NAME",
    choices: ["mpi"],
    help: "mpi: train with the other processes that mpirun or srun has started, each on its share of a step's clips",
  },
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

/** A launcher takes so long to notice, too, that a machine is cut off. */
const noticingMs = 20_000;
/** Rank 0 takes less to tell why all end. A launcher may end all with the first that does. */
const tellingMs = 1000;

/** Of several ranks it is rank 0 that tells why, or what watches over them, at once. */
const toldAlready: ReadonlySet<FailureCode> = new Set(["ended-by-rank", "rank-ended", "rank-lost", "rank-paused"]);

type Values = OptionValues<typeof options>;

/** The training that the command line asks for. */
const trainingOf = (
  args: readonly string[],
  operands: readonly string[],
  values: Values,
  others: Pick<TrainOptions, "signal" | "onProgress">,
) => {
  const { out, overwrite, resume: goesOn, "skip-bad": skipBad, "checkpoint-minutes": checkpointMinutes } = values;
  const { distributed } = values;
  const options = { ...runOptions(values), skipBad, checkpointMinutes, distributed, ...others };
  if (!goesOn) {
    const command = ["runtime", "train", ...args];
    return train(oneOperand(usage, operands), { ...options, out, overwrite, command });
  }
  if (overwrite)
    throw new UserError("usage", {}, "--resume goes on with a run, --overwrite replaces it: give one of them");
  if (out === undefined)
    throw new UserError("usage", {}, "--resume goes on with a run: name its folder with --out DIR");
  const graph = operands.length === 0 ? undefined : oneOperand(usage, operands);
  return resume(out, { ...options, graph });
};

export const trainCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const { show, onProgress, clear } = showTraining(output);
    const events = trainingOf(args, operands, values, { signal, onProgress });
    let isTold = false;
    const code = await untilInterrupted(signal, async () => {
      try {
        for await (const event of events) show(event);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        // The process stays until its launcher has noticed, too, and ends it.
        if (error.facts["awaitsLauncher"] === true) setTimeout(() => undefined, noticingMs);
        if (error.code === "ended-by-rank") setTimeout(() => undefined, tellingMs);
        if (!toldAlready.has(error.code)) throw error;
        isTold = true;
      } finally {
        clear();
      }
    });
    return isTold ? exitCodes.userError : code;
  },
};
