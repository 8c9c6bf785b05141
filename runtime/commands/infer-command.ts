/** `runtime infer`. */
import { UserError } from "../user-error.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import { isHeardInPart } from "../audio/create-clip-survey.ts";
import type { LoadedClip } from "../audio/load-clip.ts";
import { type Command, exitCodes } from "./command.ts";
import { selectDevice } from "../devices/select-device.ts";
import { describeFailure } from "./describe-failure.ts";
import { commonOptions, deviceOption, parseOptions, type Usage } from "./options.ts";
import { listen } from "./listen.ts";
import type { Output } from "./output.ts";
import { formatFigure } from "../../compiler/artifact/format-number.ts";
import { formatTable } from "../../compiler/artifact/format-table.ts";
import { classifyFiles, type FileAnswer } from "../evaluate/classify-files.ts";
import { readWaveformArtifact } from "../artifact/read-waveform-artifact.ts";

const defaultTop = 5;

const options = {
  top: {
    kind: "integer",
    value: "N",
    least: 0,
    help: `classes to print per clip; 0 prints all (default: ${defaultTop})`,
  },
  ...deviceOption,
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "infer",
  synopsis: "GRAPH CLIP... [options]",
  description: `Says what is heard in clips: the classes with the highest scores.
WAV, AIFF, CAF, AU, FLAC, MP3, Ogg and WebM are read at any sample rate, mono or stereo; MP4 and others by ffmpeg, where
it is installed. Of a longer clip the model hears the beginning, as much as is printed.`,
  operands: [
    ["GRAPH", "a graph.onnx, compiled or trained"],
    ["CLIP", "an audio file"],
  ],
  options,
  examples: [
    "runtime infer runs/quickstart-1/graph.onnx dog.wav",
    "runtime infer graph.onnx clips/*.flac --top 0 --json",
  ],
};

/** How long a clip is, and how much of it the model has heard. */
const describeLength = (clip: LoadedClip, rateHz: number): string => {
  const heard = (clip.samples.length / rateHz).toFixed(1);
  if (!isHeardInPart(clip, rateHz)) return `${heard} s`;
  return clip.clipSamples === undefined
    ? `its first ${heard} s heard`
    : `${heard} of ${(clip.clipSamples / rateHz).toFixed(1)} s heard`;
};

const print = ({ path, answer }: FileAnswer, rateHz: number, output: Output): void => {
  if (answer instanceof UserError) {
    output.json({ clip: path, error: describeFailure(answer) });
    output.note(printable(describeFailure(answer)));
    return;
  }
  const { clip, scores } = answer;
  const seconds = clip.clipSamples === undefined ? null : clip.clipSamples / rateHz;
  output.json({ clip: path, seconds, heardSeconds: clip.samples.length / rateHz, scores });
  const table = formatTable(scores.map(({ label, score }) => [`  ${label}`, formatFigure(score)]));
  output.result(`${printable(path)} (${describeLength(clip, rateHz)})\n${table}`);
};

export const inferCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const [graph, ...clips] = operands;
    if (graph === undefined || clips.length === 0) {
      throw new UserError("usage", {}, "runtime infer takes a graph and one clip or more; see runtime infer --help");
    }
    const artifact = readWaveformArtifact(graph);
    const device = await selectDevice(values.device, listen(output).onDevice);
    let failures = 0;
    for await (const file of classifyFiles(artifact, clips, {
      device,
      top: values.top ?? defaultTop,
      note: output.note,
    })) {
      if (file.answer instanceof UserError) failures += 1;
      print(file, artifact.metadata.sampleRateHz, output);
      if (signal.aborted) return exitCodes.interrupted;
    }
    return failures > 0 ? exitCodes.userError : exitCodes.done;
  },
};
