/** `runtime eval`. */
import { type Command, exitCodes } from "../command.ts";
import { readDataset } from "../data/read-dataset.ts";
import { evaluationClips } from "../data/split-clips.ts";
import { selectDevice } from "../devices/select-device.ts";
import { summarize } from "../metrics/summarize.ts";
import { clipOptions, commonOptions, deviceOption, oneGraph, parseOptions, type Usage } from "../options.ts";
import { formatSummary } from "../report/format-summary.ts";
import { createProgress } from "../report/progress.ts";
import { openClassifier } from "../session/classifier.ts";
import { readWaveformArtifact } from "../session/read-waveform-artifact.ts";
import { openClips } from "./open-clips.ts";
import { predict } from "./predict.ts";

const options = {
  ...clipOptions,
  batch: { kind: "integer", value: "N", least: 1, help: "clips at a time (default: the spec's)" },
  ...deviceOption,
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "eval",
  synopsis: "GRAPH [options]",
  description: `Measures a graph on labelled clips: those that the data keeps for evaluation, or all where it keeps none.`,
  operands: [["GRAPH", "a graph.onnx, compiled or trained"]],
  options,
  examples: [
    "runtime eval runs/ast-1/graph.onnx --data clips.csv",
    "runtime eval graph.onnx --data ESC-50/ --fold 1 --json",
  ],
};

export const evalCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const artifact = readWaveformArtifact(oneGraph(usage, operands));
    const { classes, recipe } = artifact.metadata;
    const { data, labels, fold, batch = recipe.batch } = values;
    const dataset = await readDataset({ classes, data, labels, fold });
    const clips = evaluationClips(dataset);
    output.text(`${dataset.name}: ${clips.length} clips`);
    const device = await selectDevice(values.device ?? "auto", output);

    const supply = openClips(artifact);
    const classifier = await openClassifier(artifact, device);
    const progress = createProgress(clips.length, 1, output.terminal);
    try {
      const onProgress = (done: number): void => progress.update(done, "evaluating");
      const predictions = await predict({ artifact, classifier, clips, load: supply.load, batch, signal, onProgress });
      progress.clear();
      if (!predictions) return exitCodes.interrupted;
      const summary = summarize(predictions, artifact.metadata);
      output.json({ event: "eval", graph: artifact.path, data: dataset.name, ...summary });
      output.text(formatSummary(summary));
      return exitCodes.done;
    } finally {
      progress.clear();
      await classifier.close();
      await supply.close();
    }
  },
};
