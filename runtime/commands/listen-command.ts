/** `runtime listen`. */
import { fstatSync } from "node:fs";
import { PassThrough, type Readable } from "node:stream";
import { plural } from "../../compiler/artifact/plural.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import { sampleFormats } from "../audio/formats/pcm/sample-formats.ts";
import { openMicrophone } from "../audio/open-microphone.ts";
import { recordedRateHz } from "../audio/recorders.ts";
import { answersAbout } from "../evaluate/answers.ts";
import { thresholdOf } from "../evaluate/held-points.ts";
import { noteDecisions } from "./note-decisions.ts";
import { findEvents } from "../evaluate/find-events.ts";
import type { HeardWindow, NamedStream, RawStream } from "../library/model.ts";
import { open } from "../library/open.ts";
import { rankClasses } from "../evaluate/rank-classes.ts";
import type { Answer } from "../recordings/answer-output.ts";
import { formatNames, formatOf } from "../recordings/formats.ts";
import type { TellingOptions } from "../recordings/telling.ts";
import { UserError } from "../user-error.ts";
import { type Command, exitCodes } from "./command.ts";
import { describeFailure } from "./describe-failure.ts";
import { commonOptions, deviceOption, type OptionValues, parseOptions, type Usage } from "./options.ts";
import { programName } from "../../compiler/artifact/files/program-name.ts";
import type { Output } from "./output.ts";
import { createAnswerPrinter } from "./print-answers.ts";
import { describeChoice } from "./describe-choice.ts";
import { defaultTop, requireEventAgreement, windowOptions } from "./window-options.ts";

const { batch: _batch, window: _window, top: _top, ...sharedOptions } = windowOptions;
const [firstFormat, ...otherFormats] = formatNames.filter((name) => formatOf(name).isBinary === undefined);
if (firstFormat === undefined) throw new Error("no format is printed");

const options = {
  window: {
    kind: "positive",
    value: "SECONDS",
    help: "hear windows of this length (default: what the model hears at once, 10 s at most)",
  },
  ...sharedOptions,
  top: { ..._top, help: `classes to print per window; 0 prints all (default: ${defaultTop})` },
  input: { kind: "text", value: "DEVICE", help: "the microphone, as the system names it (default: the system's)" },
  rate: { kind: "integer", value: "HZ", least: 1, help: "stdin has samples without a header, so many a second" },
  channels: { kind: "integer", value: "N", least: 1, help: "of how many channels, interleaved (default: 1)" },
  "sample-format": {
    kind: "choice",
    value: "NAME",
    choices: sampleFormats,
    help: "how these samples are stored, as ffmpeg names it (default: s16le)",
  },
  format: {
    kind: "choice",
    value: "NAME",
    choices: [firstFormat, ...otherFormats],
    help: "table, json, csv, audacity (label track) or raven (selection table) (default: table)",
  },
  ...deviceOption,
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "listen",
  synopsis: "GRAPH [-] [options]",
  description: `Says what is heard as it is heard: by the microphone, or on stdin, where that is a pipe or a file, or - is given.
The microphone is recorded by ffmpeg, arecord or sox, whichever is installed. On stdin come an audio file (WAV, AIFF,
CAF, AU, FLAC, MP3, Ogg or WebM) or samples without a header. Times count from the start of listening. A window is told
when it has been computed; an event at the latest a window and a hop after its end. Ctrl-C ends it.`,
  operands: [
    ["GRAPH", "a graph.onnx, compiled or trained"],
    ["-", "listen to stdin"],
  ],
  options,
  examples: [
    "runtime listen graph.onnx --hop 0.5 --threshold 0.5 --merge",
    "runtime listen graph.onnx --input hw:1 --window 5 --json",
    "arecord -f S16_LE -r 16000 -t raw | runtime listen graph.onnx --rate 16000",
    "curl -s https://example.com/radio.mp3 | runtime listen graph.onnx --window 10 --hop 5 --threshold 0.5",
  ],
};

type Values = OptionValues<typeof options>;

/** What is listened to. */
interface Ear {
  /** As messages and answers call it. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly source: NamedStream | RawStream;
  readonly isLive: boolean;
  /** Ends the sound, of which what has come is still heard. */
  readonly end: () => void;
}

const isPiped = (): boolean => {
  try {
    const kind = fstatSync(0);
    return kind.isFIFO() || kind.isFile() || kind.isSocket();
  } catch {
    return false;
  }
};

/** @throws UserError where what is asked of stdin and of the microphone contradicts itself */
const listensToStdin = (values: Values, operands: readonly string[]): boolean => {
  const refuse = (sentence: string): never => {
    throw new UserError("usage", {}, sentence);
  };
  const [dash, ...more] = operands;
  if (more.length > 0 || (dash !== undefined && dash !== "-"))
    refuse(
      `${programName} listen takes one graph, and - for stdin, not ${operands.join(" ")}; files are for ${programName} infer --window`,
    );
  const { rate, input } = values;
  for (const name of ["channels", "sample-format"] as const) {
    if (values[name] !== undefined && rate === undefined)
      refuse(`--${name} needs --rate: it is about samples without a header`);
  }
  if (input !== undefined && (dash !== undefined || rate !== undefined))
    refuse(
      `--input names a microphone, and ${dash === undefined ? "--rate is about" : "- means"} stdin; leave one of them out`,
    );
  return input === undefined && (dash !== undefined || rate !== undefined || isPiped());
};

/** A stream whose end may be made. */
const endable = (stream: Readable): { readonly stream: Readable; readonly end: () => void } => {
  const through = new PassThrough();
  stream.on("error", (error) => through.destroy(error));
  stream.pipe(through);
  const end = (): void => {
    stream.unpipe(through);
    through.end();
    stream.destroy();
  };
  return { stream: through, end };
};

const openStdin = ({ rate, channels = 1, "sample-format": sampleFormat = "s16le" }: Values): Ear => {
  const { stream, end } = endable(process.stdin);
  const source = { stream, name: "stdin" };
  const shared = { name: "stdin", isLive: false, end };
  if (rate === undefined) return { ...shared, source, title: "stdin" };
  const title = `stdin, ${channels} ${plural(channels, "channel")} of ${sampleFormat} at ${rate} Hz`;
  return { ...shared, source: { ...source, sampleRateHz: rate, channels, sampleFormat }, title };
};

const openEar = async (values: Values, isStdin: boolean): Promise<Ear> => {
  if (isStdin) return openStdin(values);
  const microphone = await openMicrophone({ device: values.input });
  const { stream, end } = endable(microphone.stream);
  return {
    name: "microphone",
    title: `the microphone (${microphone.recorder})`,
    source: { stream, name: "microphone", sampleFormat: "s16le", sampleRateHz: recordedRateHz },
    isLive: true,
    end: () => {
      end();
      microphone.close();
    },
  };
};

const tellEveryMs = 10_000;
/** Until then, how fast windows are computed says little. */
const settledSeconds = 5;

/** Keeps count of what is heard, and of how late. */
const createPace = (ear: Ear, hopSeconds: number, output: Output) => {
  let [windows, skipped, latencySum, latencyMost, heardSeconds] = [0, 0, 0, 0, 0];
  let first: { readonly atMs: number; readonly endSeconds: number } | undefined;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let toldSkipped = 0;
  const seconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} s`;

  const tellBehind = (now: number, { endSeconds, latencySeconds }: HeardWindow): void => {
    if (now - toldAtMs < tellEveryMs) return;
    if (skipped > toldSkipped) {
      const count = skipped - toldSkipped;
      output.note(
        `computing is slower than the sound: ${count} ${plural(count, "window was", "windows were")} left out before ${seconds(endSeconds)}`,
      );
      [toldSkipped, toldAtMs] = [skipped, now];
    } else if (!ear.isLive && first !== undefined && latencySeconds > hopSeconds) {
      // Windows that wait are of no harm where sound comes faster than it passes.
      const [passed, heard] = [(now - first.atMs) / 1000, endSeconds - first.endSeconds];
      if (passed < settledSeconds || heard >= passed) return;
      output.note(
        `computing is slower than the sound: ${seconds(passed)} for ${seconds(heard)} of it; what is piped waits, and is heard ${seconds(latencySeconds)} late`,
      );
      toldAtMs = now;
    }
  };

  return {
    take: (window: HeardWindow): void => {
      const now = performance.now();
      windows += 1;
      skipped += window.skipped;
      latencySum += window.latencySeconds;
      latencyMost = Math.max(latencyMost, window.latencySeconds);
      heardSeconds = window.endSeconds;
      first ??= { atMs: now, endSeconds: window.endSeconds };
      tellBehind(now, window);
    },
    tell: (): void => {
      if (windows === 0) return;
      const left = skipped === 0 ? "" : `, ${skipped} left out`;
      const mean = seconds(latencySum / windows);
      output.progress(
        `heard ${seconds(heardSeconds)} of ${ear.name} in ${windows} ${plural(windows, "window")}${left}; told ${mean} after a window's end, ${seconds(latencyMost)} at most`,
      );
    },
  };
};

/** A failure in words; of a stream that is no audio file, with what it may be. */
const describeFor =
  (isRawPossible: boolean) =>
  (error: UserError): string => {
    const hint = "; of samples without a header, say how many there are a second: --rate";
    return describeFailure(error) + (isRawPossible && error.facts["isAudio"] === false ? hint : "");
  };

interface PrintOptions extends Pick<TellingOptions, "format" | "top" | "classes" | "sampleRateHz" | "describe"> {
  readonly threshold: number | "best" | undefined;
}

/** Prints answers as `infer` does; as JSON, with how late they are told. */
const printerOf = ({ threshold, ...options }: PrintOptions, output: Output) => {
  const stretches = threshold === undefined ? "windows" : "events";
  const printer = createAnswerPrinter({ ...options, stretches, isCombined: false }, output);
  const inMilliseconds = (seconds: number): number => Math.round(1000 * seconds) / 1000;
  /** @param last the window that was heard last */
  return async (answer: Answer, last: HeardWindow | undefined): Promise<void> => {
    if (options.format === "json" && last !== undefined && answer.kind === "window" && stretches === "windows") {
      const { startSeconds, endSeconds, latencySeconds, rejected } = last;
      const scores = rejected === true ? [] : rankClasses(last.scores, options.classes, options.top);
      output.json({
        clip: answer.path,
        startSeconds,
        endSeconds,
        ...(rejected === undefined ? {} : { rejected }),
        scores,
        latencySeconds: inMilliseconds(latencySeconds),
      });
    } else if (answer.kind === "event" && last !== undefined) {
      const late = last.endSeconds - answer.event.endSeconds + last.latencySeconds;
      const event = { ...answer.event, latencySeconds: inMilliseconds(late) };
      await printer.take({ ...answer, event });
    } else await printer.take(answer);
  };
};

export const listenCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const [graph, ...rest] = operands;
    if (graph === undefined)
      throw new UserError("usage", {}, `${programName} listen takes a graph; see ${programName} listen --help`);
    const isStdin = listensToStdin(values, rest);
    requireEventAgreement(values);
    const { threshold, reject, merge = false, "min-seconds": minSeconds = 0, smooth, top = defaultTop } = values;
    const { window: windowSeconds, hop: hopSeconds, format = values.json ? "json" : "table", device } = values;
    if (values.json && format !== "json")
      throw new UserError("usage", {}, `--json and --format ${format} contradict each other; leave one of them out`);

    // Live, windows are heard one by one, so that none waits for others.
    const model = await open(graph, { device, batch: isStdin ? undefined : 1 });
    let ear: Ear | undefined;
    try {
      if (device !== "cpu") output.progress(describeChoice({ device: model.device, reason: model.device.reason }));
      const { sampleRateHz, classes } = model.metadata;
      noteDecisions(model.metadata, values, output.note);
      ear = await openEar(values, isStdin);
      const { name, isLive, source } = ear;
      const onNote = (note: string): void => output.note(`${name}: ${note}`);
      const windows = model.listen(source, { windowSeconds, hopSeconds, smooth, reject, isLive, onNote });
      output.progress(`listening to ${ear.title}`);
      signal.addEventListener("abort", ear.end);
      if (signal.aborted) ear.end();

      const pace = createPace(ear, hopSeconds ?? windowSeconds ?? model.metadata.leastSeconds, output);
      let last: HeardWindow | undefined;
      const heard = async function* (): AsyncGenerator<HeardWindow, void, undefined> {
        for await (const window of windows) {
          pace.take(window);
          last = window;
          yield window;
        }
      };
      const answers = answersAbout(name, heard());
      const told =
        threshold === undefined
          ? answers
          : findEvents(answers, classes, { threshold: thresholdOf(model.metadata, threshold), merge, minSeconds });
      const describe = describeFor(isStdin && values.rate === undefined);
      const print = printerOf({ format, threshold, top, classes, sampleRateHz, describe }, output);
      let failure: UserError | undefined;
      for await (const answer of told) {
        if (answer.kind === "failure") failure = answer.error;
        await print(answer, last);
      }
      pace.tell();
      if (signal.aborted) return exitCodes.interrupted;
      if (failure === undefined) return exitCodes.done;
      output.note(printable(describe(failure)));
      return exitCodes.userError;
    } finally {
      ear?.end();
      await model.close();
    }
  },
};
