/** `runtime stats`. */
import { UserError, orUserError } from "../user-error.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import { type Command, exitCodes } from "./command.ts";
import type { Clip, Dataset } from "../data/dataset.ts";
import { readDataset } from "../data/sources/read-dataset.ts";
import { splitClips, type SplitClips } from "../data/split-clips.ts";
import { describeFailure } from "./describe-failure.ts";
import { clipOptions, commonOptions, oneOperand, parseOptions, type Usage } from "./options.ts";
import { formatExact, formatFigure } from "../../compiler/artifact/format-number.ts";
import { formatTable } from "../../compiler/artifact/format-table.ts";
import { createProgress } from "../text/create-progress.ts";
import { readWaveformArtifact } from "../artifact/read-waveform-artifact.ts";
import { formatProposal, type ProposedObjective } from "../report/terminal/format-proposal.ts";
import { readFrontEnd } from "../stats/read-front-end.ts";
import { measureClips } from "../stats/measure-clips.ts";
import { type ClipSummary, type Spread, summarizeClips } from "../stats/summarize-clips.ts";

const options = { ...clipOptions, ...commonOptions } as const;

const usage: Usage<typeof options> = {
  name: "stats",
  synopsis: "[GRAPH] [options]",
  description: `Measures what a spec needs to know of a data set, and prints the lines to put in it: the mean and deviation
of the log-mel features, the length of the clips, the classes, and how \`train\` will divide them. Only clips that the data
does not keep for evaluation are measured; their labels need not be the graph's.
As in AST's get_norm_stats.py, the mean and deviation are of all that the network is given, the zeros after the end of
a short clip included; without augmentation, and over all clips at once. The figures without those zeros are printed too.`,
  operands: [["GRAPH", "a graph.onnx with the feature pipeline to measure (default: AST's own, of 1024 frames)"]],
  options,
  examples: [
    "runtime stats --data clips/",
    "runtime stats graph.onnx --data clips.csv",
    "runtime stats graph.onnx --data ESC-50/ --fold 1 --json",
  ],
};

interface ClassCount {
  readonly label: string;
  readonly training: number;
  readonly evaluation: number;
  readonly test: number;
}

const countClasses = ({ classes }: Dataset, { train, evaluation, test }: SplitClips): ClassCount[] => {
  const counts = classes.map((label) => ({ label, training: 0, evaluation: 0, test: 0 }));
  for (const [part, clips] of [
    ["training", train],
    ["evaluation", evaluation],
    ["test", test],
  ] as const) {
    for (const { classIndices } of clips) {
      for (const index of classIndices) {
        const count = counts[index];
        if (count) count[part] += 1;
      }
    }
  }
  return counts;
};

const describeFrontEnd = ({ sampleRateHz, bins, minSamples, frameShiftSamples, frames }: ArtifactMetadata): string => {
  const ms = (samples: number): number => (1000 * samples) / sampleRateHz;
  return `no graph is named: measured through AST's features, ${formatExact(sampleRateHz)} Hz, ${bins} bins, windows of ${ms(minSamples)} ms every ${ms(frameShiftSamples)} ms, ${frames} frames`;
};

const trainingClips = ({ name, clips }: Dataset): readonly Clip[] => {
  const training = clips.filter(({ split }) => split === undefined || split === "train");
  if (training.length > 0) return training;
  throw new UserError(
    "nothing-to-train-on",
    { path: name },
    "all its clips are for evaluation; there is none for training to measure",
  );
};

const formatSpread = ({ mean, std }: Spread): string => `mean ${formatFigure(mean)}, std ${formatFigure(std)}`;

const formatSeconds = (seconds: number): string => `${seconds.toFixed(2)} s`;

/** @param keepsLengths whether the graph hears each clip in its own length */
const formatSummary = (summary: ClipSummary, normalized: Spread | null, keepsLengths: boolean): string => {
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
    [
      "log-mel",
      `${formatSpread(statistics)}, in ${keepsLengths ? "up to " : ""}${statistics.frames} frames a clip, ${padding}`,
    ],
    ...(statistics.paddedShare > 0 ? [["", `${formatSpread(statistics.unpadded)}, without these zeros`]] : []),
    ...(normalized ? [["normalised", `${formatSpread(normalized)}, as this graph does it`]] : []),
  ];
  return formatTable(rows, "left");
};

const formatClasses = (classes: readonly ClassCount[], isDrawn: boolean): string => {
  const hasTest = classes.some(({ test }) => test > 0);
  const table = formatTable([
    ["class", "training", "evaluation", ...(hasTest ? ["test"] : [])],
    ...classes.map(({ label, training, evaluation, test }) =>
      [label, training, evaluation, ...(hasTest ? [test] : [])].map(String),
    ),
  ]);
  return isDrawn
    ? `${table}\n(the data names no clips for evaluation: \`train\` holds out a fifth of each class)`
    : table;
};

const normalize = ({ mean, std }: Spread, { normalization }: ArtifactMetadata): Spread => ({
  mean: (mean - normalization.mean) * normalization.scale,
  std: std * normalization.scale,
});

export const statsCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const graph = operands.length === 0 ? undefined : oneOperand(usage, operands);
    const artifact = graph === undefined ? readFrontEnd() : readWaveformArtifact(graph);
    const { data, labels, fold } = values;
    const dataset = await readDataset({ data, labels, fold });
    if (graph === undefined) output.note(describeFrontEnd(artifact.metadata));
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
    for (const message of [...unreadable, ...measures.notes]) output.note(printable(message));
    if (unreadable.length === clips.length)
      throw new UserError("no-readable-clip", { path: dataset.name }, "no clip can be read");

    const summary = summarizeClips(measures, artifact.metadata);
    const normalized = graph === undefined ? null : normalize(summary.statistics, artifact.metadata);
    const { seed } = artifact.metadata.recipe;
    const division = await orUserError(() => splitClips(dataset, { seed }));
    if (division instanceof UserError) output.note(`\`train\` will refuse these clips: ${describeFailure(division)}`);
    const isRefused = division instanceof UserError;
    const classes = countClasses(dataset, isRefused ? { train: clips, evaluation: [], test: [] } : division);
    const isDrawn = !isRefused && dataset.clips.every(({ split }) => split === undefined || split === "train");
    const isMultiLabel = dataset.clips.some(({ classIndices }) => classIndices.length > 1);
    const objective: ProposedObjective = {
      kind: isMultiLabel ? "multiLabel" : "singleLabel",
      classes: dataset.classes,
      classesFile: labels,
    };
    output.json({
      event: "stats",
      graph: graph ?? null,
      data: dataset.name,
      clips: measures.samples.length,
      unreadable,
      ...summary,
      normalized,
      objective: objective.kind,
      classes,
    });
    const proposal = formatProposal(measures.samples.length, summary.proposal, objective);
    output.result(
      `${formatSummary(summary, normalized, artifact.metadata.anyLength !== undefined)}\n\n${formatClasses(classes, isDrawn)}\n\nFor the spec:\n${proposal}`,
    );
    if (unreadable.length === 0) return exitCodes.done;
    output.note(`${unreadable.length} of ${clips.length} clips cannot be read, and are in none of these figures`);
    return exitCodes.userError;
  },
};
