/** `runtime infer`. */
import { UserError, orUserError } from "../user-error.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import { clipRequirements } from "../audio/clip-requirements.ts";
import { createClipLoader } from "../audio/create-clip-loader.ts";
import { isHeardInPart } from "../audio/create-clip-survey.ts";
import type { LoadedClip } from "../audio/load-clip.ts";
import { type Command, exitCodes } from "./command.ts";
import { loadAhead } from "../data/load-ahead.ts";
import { selectDevice } from "../devices/select-device.ts";
import { describeFailure } from "./describe-failure.ts";
import { commonOptions, deviceOption, parseOptions, type Usage } from "./options.ts";
import { listen } from "./listen.ts";
import type { Output } from "./output.ts";
import { formatFigure } from "../../compiler/artifact/format-number.ts";
import { formatTable } from "../../compiler/artifact/format-table.ts";
import { type Classifier, openClassifier } from "../engine/classifier.ts";
import { nodeEngine } from "../engine/node.ts";
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

interface Score {
  readonly label: string;
  readonly index: number;
  readonly score: number;
}

/** The classes by falling score; those of equal scores by index. */
const rank = (scores: Float32Array, classes: readonly string[], top: number): Score[] =>
  classes
    .map((label, index): Score => ({ label, index, score: scores[index] ?? 0 }))
    .sort((a, b) => b.score - a.score)
    .slice(0, top === 0 ? classes.length : top);

/** How long a clip is, and how much of it the model has heard. */
const describeLength = (clip: LoadedClip, rateHz: number): string => {
  const heard = (clip.samples.length / rateHz).toFixed(1);
  if (!isHeardInPart(clip, rateHz)) return `${heard} s`;
  return clip.clipSamples === undefined
    ? `its first ${heard} s heard`
    : `${heard} of ${(clip.clipSamples / rateHz).toFixed(1)} s heard`;
};

interface Answer {
  readonly name: string;
  readonly clip: LoadedClip;
  readonly rateHz: number;
  readonly scores: readonly Score[];
}

const print = ({ name, clip, rateHz, scores }: Answer, output: Output): void => {
  const seconds = clip.clipSamples === undefined ? null : clip.clipSamples / rateHz;
  output.json({ clip: name, seconds, heardSeconds: clip.samples.length / rateHz, scores });
  const table = formatTable(scores.map(({ label, score }) => [`  ${label}`, formatFigure(score)]));
  output.result(`${printable(name)} (${describeLength(clip, rateHz)})\n${table}`);
};

const classifyClip = async (classifier: Classifier, clip: string, samples: Float32Array): Promise<Float32Array> => {
  const { scores } = await classifier.classify({ type: "float32", data: samples, dims: [1, samples.length] });
  if (scores.every(Number.isFinite)) return scores;
  throw new UserError(
    "parameters-diverged",
    { path: clip },
    "the model's scores are not finite numbers: its parameters diverged in training",
  );
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
    const { classes, sampleRateHz: rateHz } = artifact.metadata;
    const loader = createClipLoader(clipRequirements(artifact.metadata));
    const classifier = await openClassifier(nodeEngine, artifact, device);
    let failures = 0;
    try {
      // The next clip is decoded while this one is classified.
      const load = (name: string): Promise<LoadedClip | UserError> => orUserError(() => loader.read(name));
      let position = 0;
      for await (const clip of loadAhead(clips, load, 1)) {
        const name = clips[position++] ?? "";
        const answer = await orUserError(async (): Promise<Answer> => {
          if (clip instanceof UserError) throw clip;
          const scores = await classifyClip(classifier, name, clip.samples);
          return { name, clip, rateHz, scores: rank(scores, classes, values.top ?? defaultTop) };
        });
        if (answer instanceof UserError) {
          failures += 1;
          output.json({ clip: name, error: describeFailure(answer) });
          output.note(printable(describeFailure(answer)));
        } else print(answer, output);
        if (signal.aborted) return exitCodes.interrupted;
      }
      for (const note of loader.survey.describeNotes()) output.note(note);
    } finally {
      await classifier.close();
      await loader.close();
    }
    return failures > 0 ? exitCodes.userError : exitCodes.done;
  },
};
