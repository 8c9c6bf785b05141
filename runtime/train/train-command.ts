/** `runtime train`. */
import { type Command, exitCodes } from "../command.ts";
import { openClips } from "../infer/open-clips.ts";
import {
  clipOptions,
  commonOptions,
  deviceOption,
  oneGraph,
  type OptionValues,
  parseOptions,
  type Usage,
} from "../options.ts";
import type { Output } from "../output.ts";
import { UserError } from "../user-error.ts";
import { createNarrator } from "./create-narrator.ts";
import { type PreparedRun, prepareNewRun, prepareResumedRun } from "./prepare-run.ts";
import { countSteps } from "./run-epoch.ts";
import { openBoard } from "./show-on-board.ts";
import { train } from "./train.ts";

const options = {
  ...clipOptions,
  "eval-data": {
    kind: "text",
    value: "PATH",
    help: "clips to evaluate on (default: those the data names, or a fifth)",
  },
  epochs: { kind: "integer", value: "N", least: 1, help: "passes over the data (default: the spec's)" },
  steps: { kind: "integer", value: "N", least: 1, help: "steps after which to end, whatever the epochs" },
  batch: { kind: "integer", value: "N", least: 1, help: "clips per step (default: the spec's)" },
  lr: { kind: "positive", value: "X", help: "learning rate (default: the spec's)" },
  seed: {
    kind: "integer",
    value: "N",
    least: 0,
    help: "decides all that is random, and the held-out fifth (default: the spec's)",
  },
  ...deviceOption,
  out: {
    kind: "text",
    value: "DIR",
    help: "for all that the run writes (default: runs/SPEC-1, or the next number)",
  },
  resume: { kind: "flag", help: "go on with the run in --out DIR, as if it had never stopped" },
  "checkpoint-minutes": {
    kind: "positive",
    value: "N",
    help: "how often to save within an epoch, besides at its end (default: 10)",
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
  operands: [["GRAPH", "a graph.onnx that `npm run compile` or an earlier training wrote"]],
  options,
  examples: [
    "runtime train graph.onnx",
    "runtime train graph.onnx --data clips/ --epochs 10 --out runs/clips",
    "runtime train --resume --out runs/clips",
    "runtime train graph.onnx --data ESC-50/ --fold 1 --lr 1e-4 --json > steps.jsonl",
  ],
};

type Values = OptionValues<typeof options>;

const defaultCheckpointMinutes = 10;

const prepare = (args: readonly string[], output: Output, values: Values, operands: readonly string[]) => {
  const { out, resume } = values;
  if (!resume) {
    return prepareNewRun(oneGraph(usage, operands), values, { out, command: ["runtime", "train", ...args], output });
  }
  if (out === undefined) throw new UserError("--resume goes on with a run: name its folder with --out DIR");
  return prepareResumedRun(out, operands.length === 0 ? undefined : oneGraph(usage, operands), values, output);
};

const describe = ({ options, data }: PreparedRun): string => {
  const { artifact, recipe, clips, evaluationClips, checkpoint } = options;
  const parts = recipe.accumulate > 1 ? ` in ${recipe.accumulate} parts` : "";
  const done = checkpoint ? `, ${checkpoint.progress.steps} of them done` : "";
  return (
    `${artifact.metadata.specName}: ${data}, ${clips.length} clips to train on and ${evaluationClips.length} to evaluate on; ` +
    `${countSteps(options)} steps of ${recipe.batch} clips${parts}${done}`
  );
};

export const trainCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const prepared = await prepare(args, output, values, operands);
    const { artifact, folder, checkpoint } = prepared.options;
    output.text(describe(prepared));
    const started = performance.now();
    const seconds = (): number => Math.round(performance.now() - started) / 1000;
    const narrator = createNarrator(prepared.options, output);
    const board = openBoard(folder.path, checkpoint?.progress.steps ?? 0);
    const clips = openClips(artifact);
    const events = train({
      ...prepared.options,
      load: clips.load,
      checkpointMinutes: values["checkpoint-minutes"] ?? defaultCheckpointMinutes,
      signal,
      onEvaluation: narrator.onEvaluation,
    });
    try {
      for await (const event of events) {
        output.json(event.event === "done" ? { ...event, metrics: folder.metrics, seconds: seconds() } : event);
        narrator.tell(event);
        board.show(event);
      }
    } finally {
      narrator.clear();
      board.close();
      await clips.close();
    }
    const outcome = signal.aborted
      ? `interrupted; --resume --out ${folder.path} goes on`
      : `done: ${folder.last.graph}`;
    output.text(`${outcome} (${seconds().toFixed(1)} s)`);
    return signal.aborted ? exitCodes.interrupted : exitCodes.done;
  },
};
