/** `runtime stats`. */
import type { ArtifactMetadata } from "../../compiler/artifact.ts";
import { type Command, exitCodes } from "../command.ts";
import type { Clip, Dataset } from "../data/dataset.ts";
import { readDataset } from "../data/read-dataset.ts";
import { clipOptions, commonOptions, oneGraph, parseOptions, type Usage } from "../options.ts";
import { formatExact, formatFigure } from "../report/format-number.ts";
import { formatTable } from "../report/format-table.ts";
import { createProgress } from "../report/progress.ts";
import { readWaveformArtifact } from "../session/read-waveform-artifact.ts";
import { UserError } from "../user-error.ts";
import { formatProposal, type ProposedObjective } from "./format-proposal.ts";
import { measureClips } from "./measure-clips.ts";
import { type ClipSummary, type Spread, summarizeClips } from "./summarize-clips.ts";

const options = { ...clipOptions, ...commonOptions } as const;

const usage: Usage<typeof options> = {
  name: "stats",
  synopsis: "GRAPH [options]",
  description: `Measures what a spec needs to know of a data set, and prints the lines to put in it: the mean and deviation of the
log-mel features, the length of the clips, the classes. Only clips for training count; their labels need not be the graph's.
As in AST's get_norm_stats.py, the mean and deviation are of all that the network is given, the zeros after the end of
a short clip included; without augmentation, and over all clips at once. The figures without those zeros are printed too.`,
  operands: [["GRAPH", "a graph.onnx with the feature pipeline to measure, compiled or trained"]],
  options,
  examples: ["runtime stats graph.onnx --data clips.csv", "runtime stats graph.onnx --data ESC-50/ --fold 1 --json"],
};

interface ClassCount {
  readonly label: string;
  readonly training: number;
  readonly evaluation: number;
}

const countClasses = ({ classes, clips }: Dataset): ClassCount[] => {
  const counts = classes.map((label) => ({ label, training: 0, evaluation: 0 }));
  for (const { classIndices, split } of clips) {
    for (const index of classIndices) {
      const count = counts[index];
      if (count) count[split === undefined || split === "train" ? "training" : "evaluation"] += 1;
    }
  }
  return counts;
};

const trainingClips = ({ name, clips }: Dataset): readonly Clip[] => {
  const training = clips.filter(({ split }) => split === undefined || split === "train");
  if (training.length > 0) return training;
  throw new UserError(`${name}: all its clips are for evaluation; there is none for training to measure`);
};

const formatSpread = ({ mean, std }: Spread): string => `mean ${formatFigure(mean)}, std ${formatFigure(std)}`;

const formatSeconds = (seconds: number): string => `${seconds.toFixed(2)} s`;

const formatSummary = (summary: ClipSummary, normalized: Spread): string => {
  const { seconds, clipsBySampleRateHz, statistics } = summary;
  const { least, median, most, total } = seconds;
  const padding = `${(100 * statistics.paddedShare).toFixed(1)} % of it zeros after the ends of clips`;
  const rates = Object.entries(clipsBySampleRateHz).map(
    ([rate, clips]) => `${formatExact(Number(rate))} Hz (${clips})`,
  );
  const rows = [
    [
      "length",
      `${[least, median, most].map(formatSeconds).join(", ")} (least, median, most); ${formatSeconds(total)} in all`,
    ],
    ["sample rate", rates.join(", ")],
    ["log-mel", `${formatSpread(statistics)}, in ${statistics.frames} frames a clip, ${padding}`],
    ...(statistics.paddedShare > 0 ? [["", `${formatSpread(statistics.unpadded)}, without these zeros`]] : []),
    ["normalised", `${formatSpread(normalized)}, as this graph does it`],
  ];
  return formatTable(rows, "left");
};

const formatClasses = (classes: readonly ClassCount[]): string =>
  formatTable([
    ["class", "training", "evaluation"],
    ...classes.map(({ label, training, evaluation }) => [label, String(training), String(evaluation)]),
  ]);

const normalize = ({ mean, std }: Spread, { normalization }: ArtifactMetadata): Spread => ({
  mean: (mean - normalization.mean) * normalization.scale,
  std: std * normalization.scale,
});

export const statsCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const artifact = readWaveformArtifact(oneGraph(usage, operands));
    const { data, labels, fold } = values;
    const dataset = await readDataset({ data, labels, fold });
    for (const note of dataset.notes) output.note(note);
    const clips = trainingClips(dataset);
    const rest = dataset.clips.length - clips.length;
    output.progress(
      `${dataset.name}: ${clips.length} clips${rest > 0 ? ` for training; ${rest} for evaluation are left out` : ""}`,
    );

    const progress = createProgress(clips.length, 1, output.terminal);
    const onProgress = (done: number): void => progress.update(done, "measuring");
    const measures = await measureClips({ artifact, clips, signal, onProgress }).finally(progress.clear);
    if (!measures) return exitCodes.interrupted;

    const { unreadable } = measures;
    for (const message of unreadable) output.note(message);
    if (unreadable.length === clips.length) throw new UserError(`${dataset.name}: no clip can be read`);

    const summary = summarizeClips(measures, artifact.metadata);
    const normalized = normalize(summary.statistics, artifact.metadata);
    const classes = countClasses(dataset);
    const isMultiLabel = dataset.clips.some(({ classIndices }) => classIndices.length > 1);
    const objective: ProposedObjective = {
      kind: isMultiLabel ? "multiLabel" : "singleLabel",
      classes: dataset.classes,
      classesFile: labels,
    };
    output.json({
      event: "stats",
      graph: artifact.path,
      data: dataset.name,
      clips: measures.samples.length,
      unreadable,
      ...summary,
      normalized,
      objective: objective.kind,
      classes,
    });
    const proposal = formatProposal(measures.samples.length, summary.proposal, objective);
    output.result(`${formatSummary(summary, normalized)}\n\n${formatClasses(classes)}\n\nFor the spec:\n${proposal}`);
    if (unreadable.length === 0) return exitCodes.done;
    output.note(`${unreadable.length} of ${clips.length} clips cannot be read, and are in none of these figures`);
    return exitCodes.userError;
  },
};
