/** `runtime eval`. */
import { plural } from "../../compiler/artifact/plural.ts";
import { type Command, exitCodes } from "./command.ts";
import type { Clip } from "../data/dataset.ts";
import { readDataset } from "../data/sources/read-dataset.ts";
import { selectDevice } from "../devices/select-device.ts";
import { averageScores } from "../metrics/average-scores.ts";
import { summarize } from "../metrics/summarize.ts";
import {
  clipOptions,
  commonOptions,
  deviceOption,
  parseOptions,
  skipOption,
  someGraphs,
  type Usage,
} from "./options.ts";
import { tell } from "./tell.ts";
import { formatClasses, formatComparison, formatFigures } from "../report/terminal/format-figures.ts";
import { createProgress } from "../text/create-progress.ts";
import { readWaveformArtifact } from "../artifact/read-waveform-artifact.ts";
import { chooseClips } from "../evaluate/choose-clips.ts";
import { measureGraph } from "../evaluate/measure-graph.ts";
import { type ClipPredictions, restrictTo } from "../evaluate/predict.ts";
import { requireSameTask } from "../evaluate/require-same-task.ts";
import { mergeTrained, type TrainedAmong } from "../evaluate/trained-among.ts";

const options = {
  ...clipOptions,
  all: { kind: "flag", help: "measure on all clips, those that a graph was trained on too" },
  ...skipOption,
  batch: { kind: "integer", value: "N", least: 1, help: "clips at a time (default: the spec's)" },
  ...deviceOption,
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "eval",
  synopsis: "GRAPH... [options]",
  description: `Measures a graph on labelled clips: those that the data keeps for evaluation; where it keeps none, those that
the graph was not trained on. Figures on clips that it was trained on are marked: they are better than on any others.
Of several graphs it measures each, and last their ensemble: the mean of their scores.`,
  operands: [["GRAPH", "a graph.onnx, compiled or trained; several may differ in all but their classes"]],
  options,
  examples: [
    "runtime eval runs/ast-1/graph.onnx --data clips.csv",
    "runtime eval runs/seed-*/graph.onnx --data clips.csv",
    "runtime eval graph.onnx --data ESC-50/ --fold 1 --json",
  ],
};

const describeTrained = ({ count, isExact }: TrainedAmong, clips: number): string =>
  `${isExact ? "" : "about "}${count} of ${clips} clips ${plural(count, "was", "were")} trained on`;

const describeRest = (count: number): string => {
  if (count === 0) return "";
  const others = plural(count, "other was trained on and is", "others were trained on and are");
  return `; ${count} ${others} left out (--all measures on all)`;
};

/** Behind the figures of a graph that knows some of the clips. */
const mark = (trained: TrainedAmong | undefined, clips: number): string =>
  trained && trained.count > 0 ? `  (${describeTrained(trained, clips)})` : "";

export const evalCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const [path, ...others] = someGraphs(usage, operands);
    const first = readWaveformArtifact(path);
    const further = others.map(readWaveformArtifact);
    requireSameTask(first, further);
    const { metadata } = first;
    const { classes, objective } = metadata;
    const { data, labels, fold, batch, all = false, "skip-bad": skipBad = false } = values;
    const telling = tell(output);
    const dataset = await readDataset({ classes, objective, data, labels, fold, skipBad });
    for (const note of dataset.notes) output.note(note);
    const artifacts = [first, ...further] as const;
    const chosen = await chooseClips(dataset, artifacts, { all, skipBad, signal, ...telling });
    if (!chosen) return exitCodes.interrupted;
    const { leftOut, trainedIn } = chosen;
    let { clips } = chosen;
    output.progress(`${dataset.name}: ${clips.length} clips${describeRest(leftOut)}`);
    const device = await selectDevice(values.device, telling.onDevice);

    const ensemble = `ensemble of ${operands.length}`;
    const comparison = further.length > 0 ? formatComparison([...operands, ensemble]) : undefined;
    if (comparison) output.result(comparison.head);
    const answers: ClipPredictions[] = [];
    const onUnreadable = skipBad
      ? async (_: Clip, reason: string): Promise<void> => output.note(`${reason}; left out`)
      : undefined;
    const told = new Set<string>();
    const noteOnce = (note: string): void => {
      // Graphs that hear alike have the same to say.
      if (!told.has(note)) output.note(note);
      told.add(note);
    };
    for (const [index, artifact] of artifacts.entries()) {
      const progress = createProgress(clips.length, 1, output.terminal);
      const onProgress = (done: number): void => progress.update(done, "evaluating");
      const measuring = { clips, signal, device, batch, onUnreadable, onProgress };
      const predictions = await measureGraph(artifact, {
        ...measuring,
        note: (text) => {
          progress.clear();
          noteOnce(text);
        },
      }).finally(progress.clear);
      if (!predictions) return exitCodes.interrupted;
      answers.push(predictions);
      ({ clips } = predictions);
      const summary = summarize(predictions, metadata);
      const trained = trainedIn(clips)[index];
      const trainedOn = trained?.count ?? null;
      output.json({ event: "eval", graph: artifact.path, data: dataset.name, ...summary, trainedOn, leftOut });
      const marked = mark(trained, clips.length);
      output.result(
        comparison
          ? `${comparison.row(artifact.path, summary)}${marked}`
          : `${formatFigures(summary)}${marked}\n\n${formatClasses(summary)}`,
      );
    }
    const common = new Set(clips);
    const trained = mergeTrained(trainedIn(clips));
    if (comparison) {
      const restricted = answers.map((answer) => restrictTo(common, answer, classes.length));
      const summary = summarize(averageScores(restricted, metadata), metadata);
      const trainedOn = trained?.count ?? null;
      output.json({ event: "ensemble", graphs: operands, data: dataset.name, ...summary, trainedOn, leftOut });
      const row = `${comparison.row(ensemble, summary)}${mark(trained, clips.length)}`;
      output.result(`${row}\n\n${formatClasses(summary)}`);
    }
    if (trained && trained.count > 0) {
      output.note(`${describeTrained(trained, clips.length)}: the figures are better than on any others`);
    }
    return exitCodes.done;
  },
};
