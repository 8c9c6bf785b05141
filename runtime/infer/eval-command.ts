/** `runtime eval`. */
import { type Command, exitCodes } from "../command.ts";
import { readDataset } from "../data/read-dataset.ts";
import { evaluationClips } from "../data/split-clips.ts";
import { selectDevice } from "../devices/select-device.ts";
import { averageScores } from "../metrics/average-scores.ts";
import type { Predictions } from "../metrics/predictions.ts";
import { summarize } from "../metrics/summarize.ts";
import { clipOptions, commonOptions, deviceOption, someGraphs, parseOptions, type Usage } from "../options.ts";
import type { Output } from "../output.ts";
import { formatComparison } from "../report/format-comparison.ts";
import { formatClasses, formatSummary } from "../report/format-summary.ts";
import { createProgress } from "../report/progress.ts";
import { openClassifier } from "../session/classifier.ts";
import type { Device } from "../session/device.ts";
import type { Artifact } from "../session/read-artifact.ts";
import { readWaveformArtifact } from "../session/read-waveform-artifact.ts";
import { openClips } from "./open-clips.ts";
import { predict, type PredictOptions } from "./predict.ts";
import { requireSameTask } from "./require-same-task.ts";

const options = {
  ...clipOptions,
  batch: { kind: "integer", value: "N", least: 1, help: "clips at a time (default: the spec's)" },
  ...deviceOption,
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "eval",
  synopsis: "GRAPH... [options]",
  description: `Measures a graph on labelled clips: those that the data keeps for evaluation, or all where it keeps none.
Of several graphs it measures each, and last their ensemble: the mean of their scores.`,
  operands: [["GRAPH", "a graph.onnx, compiled or trained; several may differ in all but their classes"]],
  options,
  examples: [
    "runtime eval runs/ast-1/graph.onnx --data clips.csv",
    "runtime eval runs/seed-*/graph.onnx --data clips.csv",
    "runtime eval graph.onnx --data ESC-50/ --fold 1 --json",
  ],
};

interface Measuring extends Pick<PredictOptions, "clips" | "signal"> {
  readonly device: Device;
  readonly batch: number | undefined;
  readonly output: Output;
}

/** One graph's answers; undefined where the signal ended it. */
const measure = async (
  artifact: Artifact,
  { clips, signal, device, batch = artifact.metadata.recipe.batch, output }: Measuring,
): Promise<Predictions | undefined> => {
  const supply = openClips(artifact);
  const classifier = await openClassifier(artifact, device);
  const progress = createProgress(clips.length, 1, output.terminal);
  const onProgress = (done: number): void => progress.update(done, "evaluating");
  try {
    return await predict({ artifact, classifier, clips, load: supply.load, batch, signal, onProgress });
  } finally {
    progress.clear();
    await classifier.close();
    for (const note of supply.describe()) output.note(note);
    await supply.close();
  }
};

export const evalCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const [path, ...others] = someGraphs(usage, operands);
    const first = readWaveformArtifact(path);
    const further = others.map(readWaveformArtifact);
    requireSameTask(first, further);
    const { metadata } = first;
    const { data, labels, fold, batch } = values;
    const dataset = await readDataset({ classes: metadata.classes, objective: metadata.objective, data, labels, fold });
    for (const note of dataset.notes) output.note(note);
    const clips = evaluationClips(dataset);
    output.progress(`${dataset.name}: ${clips.length} clips`);
    const device = await selectDevice(values.device ?? "auto", output);

    const ensemble = `ensemble of ${operands.length}`;
    const comparison = further.length > 0 ? formatComparison([...operands, ensemble]) : undefined;
    if (comparison) output.result(comparison.head);
    const answers: Predictions[] = [];
    for (const artifact of [first, ...further]) {
      const predictions = await measure(artifact, { clips, signal, device, batch, output });
      if (!predictions) return exitCodes.interrupted;
      answers.push(predictions);
      const summary = summarize(predictions, metadata);
      output.json({ event: "eval", graph: artifact.path, data: dataset.name, ...summary });
      output.result(comparison?.row(artifact.path, summary) ?? formatSummary(summary));
    }
    if (comparison) {
      const summary = summarize(averageScores(answers, metadata), metadata);
      output.json({ event: "ensemble", graphs: operands, data: dataset.name, ...summary });
      output.result(`${comparison.row(ensemble, summary)}\n\n${formatClasses(summary)}`);
    }
    return exitCodes.done;
  },
};
