/** `runtime infer`. */
import { UserError } from "../user-error.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import { isHeardInPart } from "../audio/create-clip-survey.ts";
import type { LoadedClip } from "../audio/load-clip.ts";
import { type Command, exitCodes } from "./command.ts";
import { selectDevice } from "../devices/select-device.ts";
import { describeFailure } from "./describe-failure.ts";
import { commonOptions, deviceOption, parseOptions, type OptionValues, type Usage } from "./options.ts";
import { listen } from "./listen.ts";
import type { Output } from "./output.ts";
import { formatFigure } from "../../compiler/artifact/format-number.ts";
import { formatTable } from "../../compiler/artifact/format-table.ts";
import { classifyFiles } from "../evaluate/classify-files.ts";
import { classifyWindows, requireWindowing, type WindowScores } from "../evaluate/classify-windows.ts";
import { rankClasses, type Score } from "../evaluate/rank-classes.ts";
import { csvRow } from "../text/csv.ts";
import { readWaveformArtifact } from "../artifact/read-waveform-artifact.ts";

const defaultTop = 5;
const defaultBatch = 4;

const options = {
  top: {
    kind: "integer",
    value: "N",
    least: 0,
    help: `classes to print per clip or window; 0 prints all (default: ${defaultTop})`,
  },
  window: { kind: "positive", value: "SECONDS", help: "go through whole recordings, in windows of this length" },
  hop: {
    kind: "positive",
    value: "SECONDS",
    help: "from the start of a window to that of the next (default: the window)",
  },
  batch: { kind: "integer", value: "N", least: 1, help: `windows computed at once (default: ${defaultBatch})` },
  format: {
    kind: "choice",
    value: "NAME",
    choices: ["table", "json", "csv"],
    help: "table, json or csv (default: table)",
  },
  ...deviceOption,
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "infer",
  synopsis: "GRAPH CLIP... [options]",
  description: `Says what is heard in clips: the classes with the highest scores.
WAV, AIFF, CAF, AU, FLAC, MP3, Ogg and WebM are read at any sample rate, mono or stereo; MP4 and others by ffmpeg, where
it is installed. Of a longer clip the model hears the beginning, as much as is printed; with --window all of it, in
memory that does not grow with its length. The last window ends with the recording and may be shorter.`,
  operands: [
    ["GRAPH", "a graph.onnx, compiled or trained"],
    ["CLIP", "an audio file"],
  ],
  options,
  examples: [
    "runtime infer runs/quickstart-1/graph.onnx dog.wav",
    "runtime infer graph.onnx clips/*.flac --top 0 --json",
    "runtime infer graph.onnx night.wav --window 10 --hop 5 --format csv",
  ],
};

type Values = OptionValues<typeof options>;

/** How long a clip is, and how much of it the model has heard. */
const describeLength = (clip: LoadedClip, rateHz: number): string => {
  const heard = (clip.samples.length / rateHz).toFixed(1);
  if (!isHeardInPart(clip, rateHz)) return `${heard} s`;
  return clip.clipSamples === undefined
    ? `its first ${heard} s heard`
    : `${heard} of ${(clip.clipSamples / rateHz).toFixed(1)} s heard`;
};

/** Prints what is heard, and what cannot be. */
interface Printer {
  readonly clip: (path: string, clip: LoadedClip, scores: readonly Score[]) => void;
  readonly window: (path: string, window: Span, scores: readonly Score[]) => void;
  readonly failure: (path: string, error: UserError) => void;
}

type Span = Pick<WindowScores, "startSeconds" | "endSeconds">;

const createPrinter = (rateHz: number, { format = "table" }: Values, output: Output): Printer => {
  const failure: Printer["failure"] = (path, error) => {
    output.json({ clip: path, error: describeFailure(error) });
    output.note(printable(describeFailure(error)));
  };
  if (format === "csv") {
    output.result(csvRow(["clip", "start_seconds", "end_seconds", "label", "score"]));
    const rows = (path: string, { startSeconds, endSeconds }: Span, scores: readonly Score[]): void => {
      for (const { label, score } of scores) output.result(csvRow([path, startSeconds, endSeconds, label, score]));
    };
    const clip: Printer["clip"] = (path, { samples }, scores) =>
      rows(path, { startSeconds: 0, endSeconds: samples.length / rateHz }, scores);
    return { clip, window: rows, failure };
  }
  let shown: string | undefined;
  return {
    clip: (path, clip, scores) => {
      const seconds = clip.clipSamples === undefined ? null : clip.clipSamples / rateHz;
      output.json({ clip: path, seconds, heardSeconds: clip.samples.length / rateHz, scores });
      const table = formatTable(scores.map(({ label, score }) => [`  ${label}`, formatFigure(score)]));
      output.result(`${printable(path)} (${describeLength(clip, rateHz)})\n${table}`);
    },
    window: (path, { startSeconds, endSeconds }, scores) => {
      output.json({ clip: path, startSeconds, endSeconds, scores });
      if (shown !== path) output.result(printable(path));
      shown = path;
      const times = [startSeconds, endSeconds].map((seconds) => seconds.toFixed(3).padStart(9));
      const heard = scores.map(({ label, score }) => `${printable(label)} ${formatFigure(score)}`);
      output.result([...times, "s", ...heard].join("  "));
    },
    failure,
  };
};

/** @throws UserError where options contradict each other, or lack the one that they belong to */
const requireAgreement = ({ window, hop, batch, format, json }: Values): void => {
  const refuse = (sentence: string): never => {
    throw new UserError("usage", {}, sentence);
  };
  if (window === undefined && hop !== undefined)
    refuse("--hop needs --window: the length of the windows that it moves");
  if (window === undefined && batch !== undefined) refuse("--batch needs --window: it counts windows");
  if (json === true && format !== undefined && format !== "json") {
    refuse(`--json and --format ${format} contradict each other; leave one of them out`);
  }
};

export const inferCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const [graph, ...clips] = operands;
    if (graph === undefined || clips.length === 0) {
      throw new UserError("usage", {}, "runtime infer takes a graph and one clip or more; see runtime infer --help");
    }
    requireAgreement(values);
    const { top = defaultTop, window: windowSeconds, hop: hopSeconds = windowSeconds, batch = defaultBatch } = values;
    const artifact = readWaveformArtifact(graph);
    const { sampleRateHz, classes } = artifact.metadata;
    const windowing = windowSeconds && hopSeconds ? { windowSeconds, hopSeconds } : undefined;
    if (windowing !== undefined) requireWindowing(artifact.metadata, windowing);
    const device = await selectDevice(values.device, listen(output).onDevice);
    const printer = createPrinter(sampleRateHz, values, output);
    const { note } = output;
    const answers =
      windowing === undefined
        ? classifyFiles(artifact, clips, { device, top, note })
        : classifyWindows(artifact, clips, { device, batch, note, ...windowing });
    let failures = 0;
    for await (const { path, answer } of answers) {
      if (answer instanceof UserError) {
        failures += 1;
        printer.failure(path, answer);
      } else if ("clip" in answer) printer.clip(path, answer.clip, answer.scores);
      else printer.window(path, answer, rankClasses(answer.scores, classes, top));
      if (signal.aborted) return exitCodes.interrupted;
    }
    return failures > 0 ? exitCodes.userError : exitCodes.done;
  },
};
