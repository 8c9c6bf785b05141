// Before the thread starts, which cannot do it.
import "../engine/disable-telemetry.ts";
import { type ClipSamples, type ClipSource, nameOf } from "../audio/clip-source.ts";
import { type ClipLoader, createClipLoader } from "../audio/create-clip-loader.ts";
import type { LoadedClip } from "../audio/load-clip.ts";
import { groupsOf } from "../data/batches.ts";
import { loadAhead } from "../data/load-ahead.ts";
import type { Device } from "../engine/device.ts";
import { rankClasses } from "../evaluate/rank-classes.ts";
import { requireFiniteScores } from "../evaluate/require-finite-scores.ts";
import { UserError } from "../user-error.ts";
import {
  checkClassifyOptions,
  checkClip,
  checkGraph,
  checkListenOptions,
  checkOpenOptions,
  checkRecording,
  requireClasses,
} from "./check-arguments.ts";
import { createTurns, type Turns } from "./create-turns.ts";
import type {
  Classification,
  ClassifyOptions,
  Clip,
  EventOptions,
  Graph,
  HeardWindow,
  ListenOptions,
  Model,
  OpenOptions,
  Recording,
  SoundEvent,
  WindowOptions,
} from "./model.ts";
import { type ModelThread, startModelThread } from "./model-thread.ts";
import type { Opened } from "./model-worker.ts";
import { copyBytes } from "./copy-bytes.ts";
import { eachUntilEnded, type End, untilEnded } from "./until-ended.ts";
import { requireWindowing } from "../evaluate/windowing.ts";
import { hearEvents, hearWindows, type Run } from "./hear-windows.ts";

/** Of one model's batches, those that are loaded or being loaded: all that is held of clips. */
const batchesHeld = 3;
const defaultTop = 5;
const mostWindowSeconds = 10;

type Spans<Item> = AsyncIterableIterator<Item, void, undefined>;

/** One computes at a time on each device, whichever model: each run takes all of it. */
const turnsByDevice: Readonly<Record<Device["kind"], Turns>> = {
  cpu: createTurns(1),
  webgpu: createTurns(1),
  cuda: createTurns(1),
};

/** The beginning of samples that the model may hear, with a second for what resampling reaches beyond it. */
const beginning = ({ channels, ...rest }: ClipSamples, mostSeconds: number): ClipSamples => {
  const needed = Math.ceil((mostSeconds + 1) * rest.sampleRateHz);
  return { ...rest, channels: channels.map((channel) => channel.subarray(0, needed)) };
};

/** Has a clip read; what is in memory stays the caller's. */
const readClip = async (loader: ClipLoader, source: ClipSource, mostSeconds: number): Promise<LoadedClip> => {
  if (typeof source === "string") return loader.read(source);
  if ("bytes" in source) {
    const copy = await copyBytes(source.bytes);
    return loader.read({ ...source, bytes: new Uint8Array(copy) }, [copy]);
  }
  const { channels, ...rest } = beginning(source, mostSeconds);
  const copies = await Promise.all(channels.map(copyBytes));
  return loader.read({ ...rest, channels: copies.map((copy) => new Float32Array(copy)) }, copies);
};

const createModel = (thread: ModelThread, { metadata, device, requirements, batch }: Opened): Model => {
  const { classes, sampleRateHz, mostSeconds } = metadata;
  const loader: ClipLoader = createClipLoader(requirements);
  const places = createTurns(batchesHeld);
  const ends = new Set<End>();
  let closing: Promise<void> | undefined;

  /** Scores [clips, classes], in row-major order. The clips' memory goes to the model's thread. */
  const run: Run = async (clips, stop) => {
    const endTurn = await turnsByDevice[device.kind].take();
    try {
      stop.throwIfAborted();
      return await thread.ask<Float32Array>({ kind: "classify", clips });
    } finally {
      endTurn();
    }
  };

  const classifyBatch = async (
    sources: readonly ClipSource[],
    top: number,
    stop: AbortSignal,
  ): Promise<readonly Classification[]> => {
    const leave = await places.take();
    try {
      stop.throwIfAborted();
      const clips = await Promise.all(sources.map((source) => readClip(loader, source, mostSeconds)));
      const heard = clips.map(({ samples }) => samples.length / sampleRateHz);
      const scores = await run(
        clips.map(({ samples }) => samples),
        stop,
      );
      return clips.map(({ clipSamples, notes }, row) => {
        const own = scores.slice(row * classes.length, (row + 1) * classes.length);
        requireFiniteScores(nameOf(sources[row] ?? ""), own);
        return {
          scores: own,
          top: rankClasses(own, classes, top),
          secondsHeard: heard[row] ?? 0,
          secondsTotal: clipSamples && clipSamples / sampleRateHz,
          notes,
        };
      });
    } finally {
      leave();
    }
  };

  const classifyAll = async (
    sources: readonly ClipSource[],
    top: number,
    stop: AbortSignal,
  ): Promise<readonly Classification[]> => {
    const answers: Classification[] = [];
    const answer = (group: readonly ClipSource[]) => classifyBatch(group, top, stop);
    for await (const answered of loadAhead(groupsOf(sources, batch), answer, 1)) answers.push(...answered);
    return answers;
  };

  const closed = (): UserError => new UserError("model-closed", {}, "the model is closed");

  async function classify(clip: Clip, options?: ClassifyOptions): Promise<Classification>;
  async function classify(clips: readonly Clip[], options?: ClassifyOptions): Promise<readonly Classification[]>;
  async function classify(given: Clip | readonly Clip[], options: ClassifyOptions = {}) {
    const { top = defaultTop, signal } = checkClassifyOptions(options);
    if (closing !== undefined) throw closed();
    const sources = Array.isArray(given)
      ? given.map((clip: Clip, index) => checkClip(`clips[${index}]`, clip))
      : [checkClip("clip", given as Clip)];
    const answers = await untilEnded(signal, ends, (stop) => classifyAll(sources, top, stop));
    return Array.isArray(given) ? answers : answers[0];
  }

  function listen(recording: Recording, options: ListenOptions & EventOptions): Spans<SoundEvent>;
  function listen(recording: Recording, options?: ListenOptions & WindowOptions): Spans<HeardWindow>;
  function listen(recording: Recording, given: ListenOptions = {}) {
    const {
      signal,
      top = defaultTop,
      threshold,
      merge = false,
      minSeconds = 0,
      ...options
    } = checkListenOptions(given);
    const { windowSeconds = Math.min(mostSeconds, mostWindowSeconds), hopSeconds = windowSeconds, onNote } = options;
    requireWindowing(metadata, { windowSeconds, hopSeconds });
    requireClasses(classes, threshold);
    const path = checkRecording(recording);
    if (closing !== undefined) throw closed();
    return eachUntilEnded<HeardWindow | SoundEvent>(signal, ends, (stop) => {
      const windowing = { windowSeconds, hopSeconds, sampleRateHz, minSamples: requirements.minSamples };
      const windows = hearWindows(path, { ...windowing, classes, top, batch, run, stop, note: onNote });
      return threshold === undefined ? windows : hearEvents(windows, classes, { threshold, merge, minSeconds });
    });
  }

  const shut = async (): Promise<void> => {
    for (const end of ends) end(closed());
    await loader.close();
    await thread.ask({ kind: "close" });
    await thread.end();
  };
  const close = (): Promise<void> => (closing ??= shut());
  return { metadata, device, classify, listen, close, [Symbol.asyncDispose]: close };
};

/** What may not be changed by whoever holds it. */
const frozen = <Value extends object>(value: Value): Value => {
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) frozen(part as object);
  return Object.freeze(value);
};

/**
 * Opens a graph in a thread of its own: the event loop stays free, whatever it computes.
 * @throws UserError where the graph cannot be read or run, an option is wrong, or the call is aborted
 */
export const open = async (graph: Graph, options: OpenOptions = {}): Promise<Model> => {
  const { device, batch, signal } = checkOpenOptions(options);
  const source = checkGraph(graph);
  return untilEnded(signal, new Set(), async (stop) => {
    const thread = startModelThread({
      graph: typeof source === "string" ? source : new Uint8Array(await copyBytes(source)),
      device,
      batch,
    });
    try {
      const opened = await thread.opened;
      stop.throwIfAborted();
      return createModel(thread, frozen(opened));
    } catch (error) {
      await thread.end();
      throw error;
    }
  });
};
