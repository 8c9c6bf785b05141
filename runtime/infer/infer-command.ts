/** `runtime infer`. */
import { printable } from "../../compiler/artifact-terminal.ts";
import { Tensor } from "../session/onnxruntime.ts";
import { createClipLoader } from "../audio/create-clip-loader.ts";
import { type Command, exitCodes } from "../command.ts";
import { selectDevice } from "../devices/select-device.ts";
import { commonOptions, deviceOption, parseOptions, type Usage } from "../options.ts";
import type { Output } from "../output.ts";
import { formatFigure } from "../report/format-number.ts";
import { formatTable } from "../report/format-table.ts";
import { type Classifier, openClassifier } from "../session/classifier.ts";
import { readWaveformArtifact } from "../session/read-waveform-artifact.ts";
import { UserError } from "../user-error.ts";

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
WAV, FLAC, MP3 and Ogg are read at any sample rate, mono or stereo.`,
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

const print = (clip: string, seconds: number, scores: readonly Score[], output: Output): void => {
  output.json({ clip, seconds, scores });
  const table = formatTable(scores.map(({ label, score }) => [`  ${label}`, formatFigure(score)]));
  output.result(`${printable(clip)} (${seconds.toFixed(1)} s)\n${table}`);
};

const classifyClip = async (classifier: Classifier, clip: string, samples: Float32Array): Promise<Float32Array> => {
  const { scores } = await classifier.classify(new Tensor("float32", samples, [1, samples.length]));
  if (scores.every(Number.isFinite)) return scores;
  throw new UserError(`${clip}: the model's scores are not finite numbers: its parameters diverged in training`);
};

export const inferCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const [graph, ...clips] = operands;
    if (graph === undefined || clips.length === 0) {
      throw new UserError("runtime infer takes a graph and one clip or more; see runtime infer --help");
    }
    const artifact = readWaveformArtifact(graph);
    const device = await selectDevice(values.device ?? "auto", output);
    const { classes, sampleRateHz, minSamples } = artifact.metadata;
    const loader = createClipLoader({ sampleRateHz, minSamples });
    const classifier = await openClassifier(artifact, device);
    let failures = 0;
    try {
      // The next clip is decoded while this one is classified.
      let next = clips[0] === undefined ? undefined : loader.load(clips[0]);
      for (const [position, clip] of clips.entries()) {
        const following = clips[position + 1];
        const loading = next;
        next = following === undefined ? undefined : loader.load(following);
        next?.catch(() => undefined); // Reported in its turn.
        try {
          const samples = (await loading) ?? new Float32Array();
          const scores = await classifyClip(classifier, clip, samples);
          print(clip, samples.length / sampleRateHz, rank(scores, classes, values.top ?? defaultTop), output);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          failures += 1;
          output.json({ clip, error: error.message });
          output.note(printable(error.message));
        }
        if (signal.aborted) return exitCodes.interrupted;
      }
    } finally {
      await classifier.close();
      await loader.close();
    }
    return failures > 0 ? exitCodes.userError : exitCodes.done;
  },
};
