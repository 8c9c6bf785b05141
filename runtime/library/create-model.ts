/** A model as a program has it, wherever its thread runs: knows no Node.js. */
import { type ClipThreads, createClipThreads } from "../audio/create-clip-loader.ts";
import { groupsOf } from "../data/batches.ts";
import { loadAhead } from "../data/load-ahead.ts";
import { isHeardInPart } from "../audio/create-clip-survey.ts";
import { setPointOf, thresholdOf } from "../evaluate/held-points.ts";
import { attentionMap } from "../evaluate/attention-map.ts";
import { rankClasses } from "../evaluate/rank-classes.ts";
import { requireFiniteScores } from "../evaluate/require-finite-scores.ts";
import { orUserError, UserError } from "../user-error.ts";
import {
  checkClassifyOptions,
  checkClip,
  checkEmbedOptions,
  checkExplainOptions,
  checkListenOptions,
  type Checked,
  nameOf,
  type Paths,
  requireClasses,
} from "./check-arguments.ts";
import { createTurns } from "./create-turns.ts";
import { turnsByDevice } from "./device-turns.ts";
import type {
  CallOptions,
  Classification,
  ClassifyOptions,
  Clip,
  EmbedOptions,
  EventOptions,
  Explanation,
  HeardWindow,
  ListenOptions,
  Model,
  Recording,
  SoundEvent,
  WindowOptions,
} from "./model.ts";
import type { Threads, Transferred } from "../threads/threads.ts";
import { startModelThread } from "./model-thread.ts";
import type { Answers, Opened, Task } from "./serve-model.ts";
import { readClip, recordingOf } from "./read-clip.ts";
import { eachUntilEnded, type End, untilEnded } from "./until-ended.ts";
import { requireWindowing } from "../evaluate/windowing.ts";
import { hearEvents, hearWindows, rejection, type Run } from "./hear-windows.ts";

/** Of one model's batches, those that are loaded or being loaded: all that is held of clips. */
const batchesHeld = 3;
const defaultTop = 5;
const mostWindowSeconds = 10;

type Spans<Item> = AsyncIterableIterator<Item, void, undefined>;

/** A clip after its samples have gone to be computed. */
interface HeardClip extends Pick<Classification, "secondsHeard" | "secondsTotal" | "notes"> {
  readonly name: string;
  readonly samplesHeard: number;
}

/** One clip's of what all have, [clips, ...] in row-major order. */
const rowOf = (values: Float32Array, row: number, rows: number): Float32Array => {
  const length = values.length / rows;
  return values.slice(row * length, (row + 1) * length);
};

/** The items, or, where there is not even a first one, those of what takes their place. */
async function* orElse<Item>(
  items: AsyncIterable<Item>,
  other: (error: unknown) => Promise<AsyncIterable<Item>>,
): AsyncGenerator<Item, void, undefined> {
  let hasBegun = false;
  try {
    for await (const item of items) {
      hasBegun = true;
      yield item;
    }
  } catch (error) {
    if (hasBegun) throw error;
    yield* await other(error);
  }
}

/** How answers are read. */
interface Reading {
  /** Classes to rank; 0: all. */
  readonly top: number;
  /** What is less like the classes' clips is rejected; undefined: nothing is. */
  readonly least: number | undefined;
}

/** A clip that was decoded elsewhere. */
export interface Decoded {
  readonly clip: Checked;
  /** What is to be said of it. */
  readonly note: string;
}

/** Where a model runs. */
export interface Platform {
  readonly threads: Threads;
  readonly paths: Paths;
  /** Decodes what threads cannot: given why; undefined where it cannot be decoded here either. */
  readonly decodeElsewhere?: (clip: Checked, failure: unknown) => Promise<Decoded | undefined>;
}

const modelOf = (
  { threads, paths, decodeElsewhere = () => Promise.resolve(undefined) }: Platform,
  thread: ReturnType<typeof startModelThread>,
  clipThreads: ClipThreads,
  { metadata, device, requirements, batch }: Opened,
): Model => {
  const { classes, sampleRateHz, mostSeconds } = metadata;
  const places = createTurns(batchesHeld);
  const ends = new Set<End>();
  let closing: Promise<void> | undefined;

  /** Has a batch computed in the model's turn. The clips' memory goes to the model's thread, unless it is shared with it. */
  const run = async <Kind extends Task>(
    kind: Kind,
    clips: readonly Float32Array[],
    stop: AbortSignal,
  ): Promise<Answers[Kind]> => {
    const endTurn = await turnsByDevice[device.kind].take();
    try {
      stop.throwIfAborted();
      return await thread.ask<Answers[Kind]>({ kind, clips });
    } finally {
      endTurn();
    }
  };

  const read = async (source: Checked, stop: AbortSignal) => {
    const load = (clip: Checked) => readClip(clip, { threads, clipThreads, requirements, stop });
    const name = nameOf(source);
    try {
      return { name, ...(await load(source)) };
    } catch (error) {
      const decoded = await decodeElsewhere(source, error);
      if (decoded === undefined) throw error;
      const clip = await load(decoded.clip);
      return { name, ...clip, notes: [decoded.note, ...clip.notes] };
    }
  };

  const heardOf = ({ name, samples, clipSamples, notes }: Awaited<ReturnType<typeof read>>): HeardClip => ({
    name,
    samplesHeard: samples.length,
    secondsHeard: samples.length / sampleRateHz,
    secondsTotal: clipSamples && clipSamples / sampleRateHz,
    notes,
  });

  /** Reads clips and has them computed, as many at once as one batch has. */
  const computeBatch = async <Kind extends Task>(
    kind: Kind,
    sources: readonly Checked[],
    stop: AbortSignal,
  ): Promise<{ readonly clips: readonly HeardClip[]; readonly answers: Answers[Kind] }> => {
    const leave = await places.take();
    try {
      stop.throwIfAborted();
      const loaded = await Promise.all(sources.map((source) => read(source, stop)));
      // Before their memory goes to be computed.
      const clips = loaded.map(heardOf);
      const samples = loaded.map((clip) => clip.samples);
      return { clips, answers: await run(kind, samples, stop) };
    } finally {
      leave();
    }
  };

  const asClassification = (
    { name, secondsHeard, secondsTotal, notes }: HeardClip,
    scores: Float32Array,
    top: number,
    rejected: { readonly rejected?: boolean } = {},
  ): Classification => {
    requireFiniteScores(name, scores);
    const ranked = rejected.rejected === true ? [] : rankClasses(scores, classes, top);
    return { scores, top: ranked, ...rejected, secondsHeard, secondsTotal, notes };
  };

  const leastLikeness = (rate: number | undefined): number | undefined =>
    rate === undefined ? undefined : setPointOf(metadata, rate).threshold;
  const readingOf = ({ top = defaultTop, reject }: ClassifyOptions): Reading => ({ top, least: leastLikeness(reject) });

  /** A clip's, of a batch's answers. */
  const readAnswer = (
    clip: HeardClip,
    { scores, likeness }: Answers["classify"],
    row: number,
    { top, least }: Reading,
  ): Classification => {
    const own = scores.slice(row * classes.length, (row + 1) * classes.length);
    return asClassification(clip, own, top, rejection(likeness?.[row], least));
  };

  const classifyBatch = async (sources: readonly Checked[], reading: Reading, stop: AbortSignal) => {
    const { clips, answers } = await computeBatch("classify", sources, stop);
    return clips.map((clip, row) => readAnswer(clip, answers, row, reading));
  };

  /** The same, where clips that cannot be read are no reason to leave the others. */
  const classifyReadable = async (
    sources: readonly Checked[],
    reading: Reading,
    stop: AbortSignal,
  ): Promise<readonly (Classification | UserError)[]> => {
    const leave = await places.take();
    try {
      const loaded = await Promise.all(sources.map((source) => orUserError(() => read(source, stop))));
      stop.throwIfAborted();
      const clips = loaded.map((clip) => (clip instanceof UserError ? clip : heardOf(clip)));
      const samples = loaded.flatMap((clip) => (clip instanceof UserError ? [] : [clip.samples]));
      const none = { scores: new Float32Array(), likeness: undefined };
      const answers = samples.length === 0 ? none : await run("classify", samples, stop);
      let row = 0;
      const classify = (clip: HeardClip): Classification => readAnswer(clip, answers, row++, reading);
      return await Promise.all(
        clips.map((clip) => (clip instanceof UserError ? Promise.resolve(clip) : orUserError(() => classify(clip)))),
      );
    } finally {
      leave();
    }
  };

  const embedBatch = async (sources: readonly Checked[], stop: AbortSignal) => {
    const { clips, answers } = await computeBatch("embed", sources, stop);
    return clips.map((clip, row) => {
      const embedding = rowOf(answers, row, clips.length);
      requireFiniteScores(clip.name, embedding);
      const { secondsHeard, secondsTotal, notes } = clip;
      const unheard = isHeardInPart(secondsHeard, secondsTotal)
        ? [`only its first ${secondsHeard.toFixed(1)} s are heard`]
        : [];
      return { embedding, notes: [...notes, ...unheard] };
    });
  };

  const explainClip = async (source: Checked, top: number, stop: AbortSignal): Promise<Explanation> => {
    const { clips, answers } = await computeBatch("explain", [source], stop);
    const [clip] = clips;
    if (!clip) throw new Error("no clip was read");
    const { scores, features, attention, places: input } = answers;
    const { frames, framesHeard, bins, frameShiftSeconds, binsHz } = input;
    return {
      ...asClassification(clip, scores, top),
      spectrogram: { values: features, frames, framesHeard, bins, frameShiftSeconds, binsHz },
      attention: attentionMap(attention, input),
    };
  };

  /** Clips batch by batch; the next is read while one is computed. */
  const inBatches = async <Answer>(
    sources: readonly Checked[],
    answer: (group: readonly Checked[]) => Promise<readonly Answer[]>,
  ): Promise<readonly Answer[]> => {
    const answers: Answer[] = [];
    for await (const answered of loadAhead(groupsOf(sources, batch), answer, 1)) answers.push(...answered);
    return answers;
  };

  /** Answers to one clip, or to several. */
  const oneOrMany = async <Answer>(
    given: Clip | readonly Clip[],
    signal: AbortSignal | undefined,
    answer: (group: readonly Checked[], stop: AbortSignal) => Promise<readonly Answer[]>,
  ): Promise<Answer | readonly Answer[]> => {
    if (closing !== undefined) throw closed();
    const sources = Array.isArray(given)
      ? given.map((clip: Clip, index) => checkClip(paths, `clips[${index}]`, clip))
      : [checkClip(paths, "clip", given as Clip)];
    const answers = await untilEnded(signal, ends, (stop) => inBatches(sources, (group) => answer(group, stop)));
    const [first] = answers;
    return Array.isArray(given) || first === undefined ? answers : first;
  };

  const closed = (): UserError => new UserError("model-closed", {}, "the model is closed");

  async function classify(clip: Clip, options?: ClassifyOptions): Promise<Classification>;
  async function classify(clips: readonly Clip[], options?: ClassifyOptions): Promise<readonly Classification[]>;
  async function classify(given: Clip | readonly Clip[], options: ClassifyOptions = {}) {
    const { signal, ...others } = checkClassifyOptions(options);
    const reading = readingOf(others);
    return oneOrMany(given, signal, (group, stop) => classifyBatch(group, reading, stop));
  }

  const classifyEach = (given: readonly Clip[], options: ClassifyOptions = {}): Spans<Classification | UserError> => {
    const { signal, ...others } = checkClassifyOptions(options);
    const reading = readingOf(others);
    const sources = given.map((clip, index) => checkClip(paths, `clips[${index}]`, clip));
    if (closing !== undefined) throw closed();
    return eachUntilEnded(signal, ends, async function* (stop) {
      const answer = (group: readonly Checked[]) => classifyReadable(group, reading, stop);
      for await (const answers of loadAhead(groupsOf(sources, batch), answer, 1)) yield* answers;
    });
  };

  async function embed(clip: Clip, options?: EmbedOptions): Promise<Float32Array>;
  async function embed(clips: readonly Clip[], options?: EmbedOptions): Promise<readonly Float32Array[]>;
  async function embed(given: Clip | readonly Clip[], options: EmbedOptions = {}) {
    const { signal, onNote } = checkEmbedOptions(options);
    let done = 0;
    return oneOrMany(given, signal, async (group, stop) => {
      const embedded = await embedBatch(group, stop);
      for (const { notes } of embedded) {
        for (const note of notes) onNote?.(note, done);
        done += 1;
      }
      return embedded.map(({ embedding }) => embedding);
    });
  }

  const explain = async (given: Clip, options: CallOptions & WindowOptions = {}): Promise<Explanation> => {
    const { top = defaultTop, signal } = checkExplainOptions(options);
    if (closing !== undefined) throw closed();
    const source = checkClip(paths, "clip", given);
    return untilEnded(signal, ends, (stop) => explainClip(source, top, stop));
  };

  function listen(recording: Recording, options: ListenOptions & EventOptions): Spans<SoundEvent>;
  function listen(recording: Recording, options?: ListenOptions & WindowOptions): Spans<HeardWindow>;
  function listen(recording: Recording, given: ListenOptions = {}) {
    const {
      signal,
      top = defaultTop,
      threshold: givenThreshold,
      reject,
      merge = false,
      minSeconds = 0,
      smooth = 1,
      ...options
    } = checkListenOptions(given);
    const {
      windowSeconds = Math.min(mostSeconds, mostWindowSeconds),
      hopSeconds = windowSeconds,
      isLive,
      onNote,
    } = options;
    requireWindowing(metadata, { windowSeconds, hopSeconds });
    const threshold = givenThreshold === undefined ? undefined : thresholdOf(metadata, givenThreshold);
    requireClasses(classes, threshold);
    const least = leastLikeness(reject);
    const source = checkClip(paths, "recording", recording);
    if (closing !== undefined) throw closed();
    return eachUntilEnded<HeardWindow | SoundEvent>(signal, ends, (stop) => {
      const windowing = { windowSeconds, hopSeconds, sampleRateHz, minSamples: requirements.minSamples };
      const score: Run = (clips, ended) => run("classify", clips, ended);
      const hear = (clip: Checked) =>
        hearWindows(recordingOf(clip), {
          ...windowing,
          classes,
          top,
          smooth,
          batch,
          leastLikeness: least,
          isLive,
          threads,
          run: score,
          stop,
          note: onNote,
        });
      const windows = orElse(hear(source), async (error) => {
        const decoded = await decodeElsewhere(source, error);
        if (decoded === undefined) throw error;
        onNote?.(decoded.note);
        return hear(decoded.clip);
      });
      return threshold === undefined ? windows : hearEvents(windows, classes, { threshold, merge, minSeconds });
    });
  }

  const shut = async (): Promise<void> => {
    for (const end of ends) end(closed());
    await clipThreads.close();
    await thread.ask({ kind: "close" });
    await thread.end();
  };
  const close = (): Promise<void> => (closing ??= shut());
  return {
    metadata,
    device,
    batch,
    classify,
    classifyEach,
    embed,
    explain,
    listen,
    close,
    [Symbol.asyncDispose]: close,
  };
};

/** What may not be changed by whoever holds it. */
const frozen = <Value extends object>(value: Value): Value => {
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) frozen(part as object);
  return Object.freeze(value);
};

/** What the model's thread is started with. */
interface Start {
  readonly opening: unknown;
  readonly transfer: readonly Transferred[];
}

/**
 * Opens a graph in a thread of its own: the event loop stays free, whatever it computes.
 * @param start what the thread opens the graph by
 * @throws UserError where the graph cannot be read or run, or the call is aborted
 */
export const createModel = (
  platform: Platform,
  start: (stop: AbortSignal) => Promise<Start>,
  signal: AbortSignal | undefined,
): Promise<Model> =>
  untilEnded(signal, new Set(), async (stop) => {
    const { opening, transfer } = await start(stop);
    stop.throwIfAborted();
    const thread = startModelThread(platform.threads, opening, transfer);
    // What reads the first clip starts while the graph is opened.
    const clipThreads = createClipThreads(platform.threads, { isReady: true });
    try {
      const opened = await thread.opened;
      stop.throwIfAborted();
      return modelOf(platform, thread, clipThreads, frozen(opened));
    } catch (error) {
      await Promise.all([thread.end(), clipThreads.close()]);
      throw error;
    }
  });
