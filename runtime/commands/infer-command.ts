/** `runtime infer`. */
import { plural } from "../../compiler/artifact/plural.ts";
import { printable } from "../../compiler/artifact/printable.ts";
import { groupsOf } from "../data/batches.ts";
import { UserError } from "../user-error.ts";
import { createClipNotes } from "../audio/create-clip-survey.ts";
import { loadAhead } from "../data/load-ahead.ts";
import type { Classification, ListenOptions, Model } from "../library/model.ts";
import { open } from "../library/open.ts";
import { type Command, exitCodes } from "./command.ts";
import { commonOptions, deviceOption, parseOptions, type OptionValues, type Usage } from "./options.ts";
import { programName } from "../../compiler/artifact/files/program-name.ts";
import { describeChoice } from "./describe-choice.ts";
import { defaultTop, requireEventAgreement, windowOptions } from "./window-options.ts";
import type { Answer, AnswerOutput } from "../recordings/answer-output.ts";
import { answersAbout, type EndAnswer, type FailureAnswer, type WindowAnswer } from "../evaluate/answers.ts";
import { requireWindowing, type Windowing } from "../evaluate/windowing.ts";
import { digestOfFile } from "../recordings/job.ts";
import { listRecordings, readRecordings } from "../recordings/list-recordings.ts";
import { itemsOf } from "../recordings/shard.ts";
import { describeFailure } from "./describe-failure.ts";
import { showProgress } from "./show-progress.ts";
import {
  explainEach,
  pictureOptions,
  picturePaths,
  requirePictures,
  type TimelineTap,
  tapTimelines,
} from "./infer-pictures.ts";
import { listOptions, requireMergeable, shardOf } from "./infer-list.ts";
import { openAnswers, openCutter, targetOf, targetOptions } from "./infer-target.ts";
import { thresholdOf } from "../evaluate/held-points.ts";
import { noteDecisions } from "./note-decisions.ts";
import { findEvents } from "../evaluate/find-events.ts";
import type { Output } from "./output.ts";

const options = {
  ...listOptions,
  ...windowOptions,
  ...targetOptions,
  ...pictureOptions,
  ...deviceOption,
  ...commonOptions,
} as const;

const usage: Usage<typeof options> = {
  name: "infer",
  synopsis: "GRAPH CLIP|FOLDER|PATTERN...|--list FILE [options]",
  description: `Says what is heard in clips: the classes with the highest scores.
WAV, AIFF, CAF, AU, FLAC, MP3, Ogg and WebM are read at any sample rate, mono or stereo; MP4 and others by ffmpeg, where
it is installed. Of a longer clip the model hears the beginning, as much as is printed; with --window all of it, in
memory that does not grow with its length. The last window ends with the recording and may be shorter. With --out the
same command goes on where it was stopped.`,
  operands: [
    ["GRAPH", "a graph.onnx, compiled or trained"],
    ["CLIP", "an audio file"],
    ["FOLDER", "all files in it and in its folders that are called as sound is"],
    ["PATTERN", 'those that match, such as "night/**/*.wav", in quotes'],
  ],
  options,
  examples: [
    "runtime infer runs/quickstart-1/graph.onnx dog.wav",
    "runtime infer graph.onnx clips/*.flac --top 0 --json",
    "runtime infer graph.onnx dog.wav --explain dog.svg",
    "runtime infer graph.onnx night.wav --window 10 --hop 5 --format csv",
    "runtime infer graph.onnx night.wav --window 10 --hop 5 --threshold 0.5 --merge --format audacity > labels.txt",
    "runtime infer graph.onnx nights/ --window 10 --threshold 0.5 --merge --out events.csv",
    "runtime infer graph.onnx nights/ --window 10 --threshold 0.5 --merge --format raven --out selections/",
    "runtime infer graph.onnx nights/ --window 10 --threshold 0.9 --merge --out events.csv --cut review --pad 1",
    "runtime infer graph.onnx --list clips.csv --shard 3/8 --out part-3.parquet",
  ],
};

type Values = OptionValues<typeof options>;

/** @throws UserError where options contradict each other, or lack the one that they belong to */
const requireAgreement = (values: Values): void => {
  const { window, threshold } = values;
  const refuse = (sentence: string): never => {
    throw new UserError("usage", {}, sentence);
  };
  const isGiven = (name: keyof Values): boolean => values[name] !== undefined;
  if (window === undefined) {
    if (isGiven("hop")) refuse("--hop needs --window: the length of the windows that it moves");
    if (isGiven("smooth")) refuse("--smooth needs --window: it is over neighbouring windows");
    if (isGiven("threshold")) refuse("--threshold needs --window: events are made of windows");
  }
  requirePictures(values, window !== undefined);
  if (isGiven("pad") && !isGiven("cut")) refuse("--pad needs --cut: it is about the clips that are cut");
  requireEventAgreement(values);
  if (isGiven("explain") && isGiven("reject")) {
    refuse("--explain and --reject exclude each other: it shows what a model makes of any clip");
  }
  if (threshold === undefined && isGiven("cut"))
    refuse("--cut needs --threshold: it is about events, of a score that high");
};

const windowingOf = ({ window: windowSeconds, hop: hopSeconds = windowSeconds }: Values): Windowing | undefined =>
  windowSeconds === undefined || hopSeconds === undefined ? undefined : { windowSeconds, hopSeconds };

/** Clips, batch by batch; the next are decoded while one is computed. */
async function* classifyClips(
  paths: readonly string[],
  heardEach: AsyncIterable<Classification | UserError>,
  note: Output["note"],
): AsyncGenerator<Answer, void, undefined> {
  const notes = createClipNotes();
  let index = 0;
  for await (const heard of heardEach) {
    const path = paths[index++] ?? "";
    if (heard instanceof UserError) yield { path, kind: "failure", error: heard };
    else {
      notes.add(path, heard.notes);
      yield { path, kind: "clip", heard };
    }
    yield { path, kind: "end" };
  }
  notes.describe().forEach(note);
}

/** So many recordings are decoded, and their first windows computed, while one is gone through. */
const recordingsAhead = 2;

/** The windows of recordings, one recording after another. */
async function* listenTo(
  model: Model,
  paths: readonly string[],
  options: Windowing & Pick<ListenOptions, "smooth" | "reject">,
  note: Output["note"],
): AsyncGenerator<WindowAnswer | FailureAnswer | EndAnswer, void, undefined> {
  const begun: AsyncGenerator[] = [];
  const begin = async (path: string) => {
    const answers = answersAbout(
      path,
      model.listen(path, { ...options, onNote: (clause) => note(`${path}: ${clause}`) }),
    );
    begun.push(answers);
    return { answers, first: await answers.next() };
  };
  try {
    for await (const { answers, first } of loadAhead(paths, begin, recordingsAhead)) {
      if (!first.done) yield first.value;
      yield* answers;
      begun.shift();
    }
  } finally {
    for (const answers of begun) await answers.return(undefined);
  }
}

/** What is drawn besides. */
interface Pictures {
  /** Where each clip's explanation goes. */
  readonly explanationOf: ((path: string) => string) | undefined;
  readonly timelines: TimelineTap | undefined;
}

/** The answers to recordings, in their order; of each the last is its end. */
const hear = (
  model: Model,
  paths: readonly string[],
  values: Values,
  { explanationOf, timelines }: Pictures,
  note: Output["note"],
): AsyncIterable<Answer> => {
  const { top = defaultTop, threshold, reject, merge = false, "min-seconds": minSeconds = 0 } = values;
  const { metadata } = model;
  const windowing = windowingOf(values);
  if (windowing === undefined) {
    const heardEach = explanationOf
      ? explainEach(model, paths, top, explanationOf)
      : model.classifyEach(paths, { top, reject });
    return classifyClips(paths, heardEach, note);
  }
  const heard = listenTo(model, paths, { ...windowing, smooth: values.smooth, reject }, note);
  const windows = timelines ? timelines.tap(heard) : heard;
  return threshold === undefined
    ? windows
    : findEvents(windows, metadata.classes, { threshold: thresholdOf(metadata, threshold), merge, minSeconds });
};

/** How many recordings there are, and how many failed, in words. */
const describeOutcome = (recordings: number, failed: number): string => {
  const heard = `${recordings} ${plural(recordings, "recording")}`;
  return failed === 0 ? heard : `${heard}, of which ${failed} could not be heard to the end`;
};

export const inferCommand: Command = {
  usage,
  run: async (args, output, signal) => {
    const { values, operands } = parseOptions(usage, args);
    const [graph, ...named] = operands;
    if (graph === undefined || (named.length === 0 && values.list === undefined)) {
      throw new UserError(
        "usage",
        {},
        `${programName} infer takes a graph and one clip or more; see ${programName} infer --help`,
      );
    }
    requireAgreement(values);
    const shard = shardOf(values, named);
    const all = values.list === undefined ? await listRecordings(named) : await readRecordings(values.list);
    const target = await targetOf(values, all);
    if (shard) requireMergeable(target);
    const cutter = await openCutter(values, target, all);
    const { device, batch } = values;
    const model = await open(graph, { device, batch });
    const opened: AnswerOutput[] = [];
    try {
      if (device !== "cpu") output.progress(describeChoice({ device: model.device, reason: model.device.reason }));
      const { sampleRateHz, classes, isCalibrated } = model.metadata;
      const windowing = windowingOf(values);
      if (windowing !== undefined) requireWindowing(model.metadata, windowing);
      noteDecisions(model.metadata, values, output.note);

      // Clips are computed with the neighbours that they have had all the same: to the last bit that decides the answer.
      const together = windowing === undefined && values.explain === undefined ? model.batch : 1;
      const listed = shard ? { ...all, recordings: itemsOf(all.recordings, shard, together) } : all;

      const { out, json: _json, help: _help, explain, timeline, list, top = defaultTop, ...asked } = values;
      const stretches = values.threshold === undefined ? "windows" : "events";
      const telling = { stretches, top, classes, sampleRateHz, isCalibrated, describe: describeFailure } as const;
      const facts = {
        ...asked,
        ...(list === undefined ? {} : { list: await digestOfFile(list) }),
        // Links that are not everywhere make other recordings of the same list, and other parts of them.
        ...(shard ? { clips: listed.recordings.length, recordings: all.recordings.length } : {}),
        top,
        batch: model.batch,
        device: model.device.kind,
      };
      const answers = await openAnswers({ graph, listed, target, asked: facts, ...telling }, output);
      opened.push(answers);
      const { done, isDone } = "done" in answers ? answers : { done: [], isDone: () => false };
      const isBarSeen = out !== undefined || !output.areResultsSeen;
      const progress = await showProgress(listed.recordings, done.length, isBarSeen ? output.terminal : undefined);
      opened.push(progress);
      const pathsOf = (option: "explain" | "timeline", path: string | undefined) =>
        path === undefined ? undefined : picturePaths(option, path, listed.recordings, done.length === 0);
      const timelineOf = pathsOf("timeline", timeline);
      const timelines =
        timelineOf && windowing
          ? await tapTimelines(graph, { ...windowing, hasEvents: values.threshold !== undefined }, timelineOf, signal)
          : undefined;
      if (timelines) opened.push(timelines);
      const pictures: Pictures = { explanationOf: pathsOf("explain", explain), timelines };
      // What says that a recording is done comes after all that is made of it.
      const outputs: readonly AnswerOutput[] = [...cutter, ...(timelines ? [timelines] : []), answers, progress];

      const failed = new Set<string>();
      const note = (text: string): void => {
        progress.clear();
        output.note(printable(text));
      };
      const fail = (path: string, message: string): void => {
        failed.add(path);
        note(message);
      };
      listed.notes.forEach(note);
      for (const { path, error } of listed.failures) fail(path, describeFailure(error));
      if (done.length > 0) note(`${done.length} of ${listed.recordings.length} recordings are done already`);
      for (const { clip, failures } of done) for (const failure of failures) fail(clip, failure);

      const left = [...groupsOf(listed.recordings, together)].filter(
        (group) => !group.every(({ path }) => isDone(path)),
      );
      const paths = left.flat().map(({ path }) => path);
      for await (const answer of hear(model, paths, values, pictures, note)) {
        if (isDone(answer.path)) continue;
        if (answer.kind === "failure") fail(answer.path, describeFailure(answer.error));
        for (const { take } of outputs) await take(answer);
        if (!signal.aborted) continue;
        for (const { pause } of outputs) await pause?.();
        return exitCodes.interrupted;
      }
      for (const { close } of outputs) await close?.();
      progress.clear();
      const count = listed.recordings.length + listed.failures.length;
      const outcome = describeOutcome(count, failed.size);
      if (out !== undefined) {
        output.json({ out, recordings: count, failed: failed.size });
        output.result(`${out}: ${outcome}`);
      } else if (failed.size > 0 && count > 1) output.note(outcome);
      // A part is done when all its recordings have had their turn; what starts parts would start a failed one again.
      return failed.size > 0 && !shard ? exitCodes.userError : exitCodes.done;
    } finally {
      for (const { release } of opened) await release?.();
      await model.close();
    }
  },
};
