/** `runtime infer`. */
import { orUserError, UserError } from "../user-error.ts";
import { createClipNotes } from "../audio/create-clip-survey.ts";
import { loadAhead } from "../data/load-ahead.ts";
import type { Model } from "../library/model.ts";
import { open } from "../library/open.ts";
import { type Command, exitCodes } from "./command.ts";
import { commonOptions, deviceOption, parseOptions, type OptionValues, type Usage } from "./options.ts";
import { tell } from "./tell.ts";
import type { Answer, AnswerOutput } from "../recordings/answer-output.ts";
import { createAnswerPrinter, formats } from "./print-answers.ts";
import { answersAbout } from "../evaluate/answers.ts";
import { requireWindowing, type Windowing } from "../evaluate/windowing.ts";
import { findEvents } from "../evaluate/find-events.ts";
import type { Output } from "./output.ts";

const defaultTop = 5;

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
  batch: { kind: "integer", value: "N", least: 1, help: "windows computed at once (default: as many as take 256 MB)" },
  threshold: {
    kind: "positive",
    value: "SCORE",
    help: "print events, where a class has this score or a higher one, instead of windows",
  },
  merge: { kind: "flag", help: "make one event of windows in a row that hear the same class" },
  "min-seconds": { kind: "positive", value: "SECONDS", help: "leave out events that are shorter" },
  format: {
    kind: "choice",
    value: "NAME",
    choices: formats,
    help: "table, json, csv, audacity (label track) or raven (selection table) (default: table)",
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
    "runtime infer graph.onnx night.wav --window 10 --hop 5 --threshold 0.5 --merge --format audacity > labels.txt",
  ],
};

type Values = OptionValues<typeof options>;

/** @throws UserError where options contradict each other, or lack the one that they belong to */
const requireAgreement = (values: Values, clips: readonly string[]): void => {
  const { window, threshold, format, json } = values;
  const refuse = (sentence: string): never => {
    throw new UserError("usage", {}, sentence);
  };
  const isGiven = (name: keyof Values): boolean => values[name] !== undefined;
  if (window === undefined) {
    if (isGiven("hop")) refuse("--hop needs --window: the length of the windows that it moves");
    if (isGiven("batch")) refuse("--batch needs --window: it counts windows");
    if (isGiven("threshold")) refuse("--threshold needs --window: events are made of windows");
  }
  if (threshold === undefined) {
    for (const name of ["merge", "min-seconds"] as const) {
      if (isGiven(name)) refuse(`--${name} needs --threshold: it is about events, of a score that high`);
    }
  } else {
    if (threshold > 1) refuse(`--threshold is a score, 1 at most, not ${threshold}`);
    if (isGiven("top")) refuse("--top and --threshold exclude each other: events are of all classes that reach it");
  }
  if (json === true && format !== undefined && format !== "json") {
    refuse(`--json and --format ${format} contradict each other; leave one of them out`);
  }
  if ((format === "audacity" || format === "raven") && clips.length > 1) {
    refuse(`--format ${format} is about one recording, and ${clips.length} are given`);
  }
};

const windowingOf = ({ window: windowSeconds, hop: hopSeconds = windowSeconds }: Values): Windowing | undefined =>
  windowSeconds === undefined || hopSeconds === undefined ? undefined : { windowSeconds, hopSeconds };

/** What is heard, and by which classes. */
interface Heard {
  readonly sampleRateHz: number;
  readonly classes: readonly string[];
  readonly answers: AsyncIterable<Answer>;
}

/** Clips, one after another; the next is decoded while one is classified. Closes the model. */
async function* classifyClips(
  model: Model,
  paths: readonly string[],
  top: number,
  note: Output["note"],
): AsyncGenerator<Answer, void, undefined> {
  const notes = createClipNotes();
  try {
    const classify = async (path: string) => ({ path, heard: await orUserError(() => model.classify(path, { top })) });
    for await (const { path, heard } of loadAhead(paths, classify, 1)) {
      if (heard instanceof UserError) yield { path, kind: "failure", error: heard };
      else {
        notes.add(path, heard.notes);
        yield { path, kind: "clip", heard };
      }
      yield { path, kind: "end" };
    }
  } finally {
    await model.close();
  }
  notes.describe().forEach(note);
}

/** The windows of recordings, one recording after another. Closes the model. */
async function* listenTo(model: Model, paths: readonly string[], windowing: Windowing, note: Output["note"]) {
  try {
    requireWindowing(model.metadata, windowing);
    for (const path of paths) {
      const onNote = (clause: string): void => note(`${path}: ${clause}`);
      yield* answersAbout(path, model.listen(path, { ...windowing, onNote }));
    }
  } finally {
    await model.close();
  }
}

const hearClips = (model: Model, paths: readonly string[], { top = defaultTop }: Values, output: Output): Heard => ({
  ...model.metadata,
  answers: classifyClips(model, paths, top, output.note),
});

const hearWindows = (
  model: Model,
  paths: readonly string[],
  windowing: Windowing,
  values: Values,
  output: Output,
): Heard => {
  const { threshold, merge = false, "min-seconds": minSeconds = 0 } = values;
  const { classes } = model.metadata;
  const windows = listenTo(model, paths, windowing, output.note);
  const answers = threshold === undefined ? windows : findEvents(windows, classes, { threshold, merge, minSeconds });
  return { ...model.metadata, answers };
};

/** All that is made of the answers. */
const outputsOf = (values: Values, { sampleRateHz, classes }: Heard, output: Output): readonly AnswerOutput[] => {
  const { top = defaultTop, format = "table", threshold } = values;
  const lines = threshold === undefined ? "windows" : "events";
  return [createAnswerPrinter({ format, lines, top, classes, sampleRateHz }, output)];
};

export const inferCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const [graph, ...clips] = operands;
    if (graph === undefined || clips.length === 0) {
      throw new UserError("usage", {}, "runtime infer takes a graph and one clip or more; see runtime infer --help");
    }
    requireAgreement(values, clips);
    const windowing = windowingOf(values);
    const { device, batch } = values;
    const model = await open(graph, { device, batch });
    if (device !== "cpu") tell(output).onDevice({ device: model.device, reason: model.device.reason });
    const heard =
      windowing === undefined
        ? hearClips(model, clips, values, output)
        : hearWindows(model, clips, windowing, values, output);
    const outputs = outputsOf(values, heard, output);
    let failures = 0;
    for await (const answer of heard.answers) {
      if (answer.kind === "failure") failures += 1;
      for (const { take } of outputs) await take(answer);
      if (signal.aborted) return exitCodes.interrupted;
    }
    for (const { close } of outputs) await close?.();
    return failures > 0 ? exitCodes.userError : exitCodes.done;
  },
};
