/** `runtime train`. */
import { appendFileSync } from "node:fs";
import { type Command, exitCodes } from "../command.ts";
import { readDataset } from "../data/read-dataset.ts";
import { splitClips } from "../data/split-clips.ts";
import { selectDevice } from "../devices/select-device.ts";
import { openClips } from "../infer/open-clips.ts";
import { clipOptions, commonOptions, deviceOption, oneGraph, parseOptions, type Usage } from "../options.ts";
import type { Output } from "../output.ts";
import { formatFigures } from "../report/format-summary.ts";
import { createProgress } from "../report/progress.ts";
import { readWaveformArtifact } from "../session/read-waveform-artifact.ts";
import { requireTraining } from "../session/session-program.ts";
import { writeFailure } from "../session/write-artifact.ts";
import { createRunFolder } from "./run-folder.ts";
import { countSteps, train, type TrainEvent, type TrainOptions } from "./train.ts";

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
    help: "decides the order of clips and the held-out fifth (default: the spec's)",
  },
  ...deviceOption,
  out: {
    kind: "text",
    value: "DIR",
    help: "for graph.onnx and metrics.jsonl (default: runs/SPEC-1, or the next number)",
  },
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "train",
  synopsis: "GRAPH [options]",
  description: `Trains a compiled graph on labelled clips. After each epoch it evaluates the graph and writes it, trained,
to DIR/graph.onnx, which infers and trains like the first. Ctrl-C ends training after the step at hand and saves.`,
  operands: [["GRAPH", "a graph.onnx that `npm run compile` or an earlier training wrote"]],
  options,
  examples: [
    "runtime train graph.onnx",
    "runtime train graph.onnx --data clips/ --epochs 10 --out runs/clips",
    "runtime train graph.onnx --data ESC-50/ --fold 1 --lr 1e-4 --json > steps.jsonl",
  ],
};

/** Training as `train` needs it, from a command line. */
const prepare = async (args: readonly string[], output: Output) => {
  const { values, operands } = parseOptions(usage, args);
  const artifact = readWaveformArtifact(oneGraph(usage, operands));
  requireTraining(artifact);
  const { classes, recipe, specName } = artifact.metadata;
  const { data, labels, fold, out, seed = recipe.seed } = values;
  const dataset = await readDataset({ classes, data, labels, fold });
  const evalData = values["eval-data"];
  const evaluation = evalData === undefined ? undefined : await readDataset({ classes, data: evalData, labels });
  const split = splitClips(dataset, { seed, evaluation });
  const device = await selectDevice(values.device ?? "auto", output);
  const folder = createRunFolder(out, specName);
  const settings = {
    artifact,
    device,
    clips: split.train,
    evaluationClips: split.evaluation,
    // Steps alone mean as many epochs as they take.
    epochs: values.epochs ?? (values.steps === undefined ? recipe.epochs : Infinity),
    steps: values.steps ?? Infinity,
    batch: values.batch ?? recipe.batch,
    learningRate: values.lr ?? recipe.learningRate,
    seed,
    out: folder.graph,
  };
  output.text(
    `${specName}: ${dataset.name}, ${split.train.length} clips to train on and ${split.evaluation.length} to evaluate on; ` +
      `${countSteps(settings)} steps of ${settings.batch} clips`,
  );
  return { settings, metrics: folder.metrics };
};

const append = (path: string, event: TrainEvent): void => {
  try {
    appendFileSync(path, `${JSON.stringify(event)}\n`);
  } catch (error) {
    throw writeFailure(path, error) ?? error;
  }
};

export const trainCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { settings, metrics } = await prepare(args, output);
    const clips = openClips(settings.artifact);
    const started = performance.now();
    const seconds = (): number => Math.round(performance.now() - started) / 1000;
    const progress = createProgress(countSteps(settings), settings.batch, output.terminal);
    let step = 0;
    const training: TrainOptions = {
      ...settings,
      load: clips.load,
      signal,
      onEvaluation: (done) => progress.update(step, `evaluating ${done}/${settings.evaluationClips.length}`),
    };
    try {
      for await (const event of train(training)) {
        if (event.event !== "done") append(metrics, event);
        output.json(event.event === "done" ? { ...event, metrics, seconds: seconds() } : event);
        if (event.event === "step") {
          ({ step } = event);
          progress.update(step, `epoch ${event.epoch}  loss ${event.loss.toFixed(4)}`);
        } else {
          progress.clear();
        }
        if (event.event === "eval") output.text(`epoch ${event.epoch}  ${formatFigures(event)}`);
      }
    } finally {
      progress.clear();
      await clips.close();
    }
    output.text(`${signal.aborted ? "interrupted; saved" : "done"}: ${settings.out} (${seconds().toFixed(1)} s)`);
    return signal.aborted ? exitCodes.interrupted : exitCodes.done;
  },
};
