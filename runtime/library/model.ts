/// <reference lib="esnext.disposable" preserve="true" />
/** What a program sees of the library: its types. */
import type { SampleFormat } from "../audio/formats/pcm/sample-formats.ts";
import type { DeviceDescription, DeviceName } from "../engine/device.ts";
import type { UserError } from "../user-error.ts";
import type { Score } from "../evaluate/rank-classes.ts";
import type { SoundEvent, WindowScores } from "../evaluate/answers.ts";
import type { AttentionMap, PatchBand, PatchTime, Spectrogram } from "../evaluate/explanation.ts";
import type { Threshold } from "../evaluate/find-events.ts";

export type {
  AttentionMap,
  DeviceDescription,
  PatchBand,
  PatchTime,
  SampleFormat,
  Score,
  SoundEvent,
  Spectrogram,
  Threshold,
  WindowScores,
};

/** Sound in memory. */
export interface Sound {
  /** One channel, or an array for each, in [-1, 1). Not to be changed until the call is answered. */
  readonly samples: Float32Array | readonly Float32Array[];
  /** Of any rate from 1000 to 1,000,000 Hz. */
  readonly sampleRateHz: number;
}

/** What comes in chunks of any size: a stream of Node.js, of the web, or any other iterable. Whoever reads it to no end closes it. */
export type Chunks<Chunk> = ReadableStream<Chunk> | AsyncIterable<Chunk>;

/** An audio file of any format but those that need ffmpeg, as its bytes come; of a chunk, `Buffer` is one, too. */
export type FileStream = Chunks<Uint8Array | ArrayBuffer>;

/** A stream, and what is to be known of it besides. */
export interface NamedStream {
  readonly stream: FileStream;
  /** What messages call it. Default `clip` or `recording`. */
  readonly name?: string | undefined;
}

/** Samples without a header, as bytes. */
export interface RawStream extends NamedStream {
  /** As ffmpeg names it: unsigned, signed or float, bits, the low byte first or the high one. */
  readonly sampleFormat: SampleFormat;
  /** Of any rate from 1000 to 1,000,000 Hz. */
  readonly sampleRateHz: number;
  /** Interleaved. Default 1. */
  readonly channels?: number | undefined;
}

/** Samples in [-1, 1), as they come. */
export interface SampleStream extends Omit<RawStream, "stream" | "sampleFormat"> {
  readonly stream: Chunks<Float32Array>;
  readonly sampleFormat?: undefined;
}

/**
 * What can be heard: an audio file by its path or `file:` URL, its bytes, a `Blob` or `File` of them, or a stream; or samples, in memory
 * or as a stream. Of a clip the beginning is heard, and a stream is closed then; of a recording all.
 */
export type Clip =
  | string
  | URL
  | Uint8Array
  | ArrayBuffer
  | Blob
  | Sound
  | FileStream
  | NamedStream
  | RawStream
  | SampleStream;
export type Recording = Clip;

/** What the model hears in a clip. */
export interface Classification {
  /** One of each class, from 0 to 1, by index. */
  readonly scores: Float32Array;
  /** The classes of the highest scores, these falling. */
  readonly top: readonly Score[];
  /** How much of the clip the model has heard, from its beginning. */
  readonly secondsHeard: number;
  /** Whether none of the classes is heard, by the rate of `reject`, which empties `top`; undefined without it. */
  readonly rejected?: boolean | undefined;
  /** How long the clip is; undefined where it is longer than what is heard, and its header does not say how much. */
  readonly secondsTotal: number | undefined;
  /** What is odd about the file, which was read all the same. */
  readonly notes: readonly string[];
}

/** What the model hears in a clip, what it sees of it, and where its attention lies. */
export interface Explanation extends Classification {
  readonly spectrogram: Spectrogram;
  readonly attention: AttentionMap;
}

/** A `graph.onnx`, by its path or `file:` URL, or its bytes; of a graph with a data file beside it, the path. */
export type Graph = string | URL | Uint8Array | ArrayBuffer;

export interface CallOptions {
  /** Ends the call, which then rejects with the code `aborted`. What is being computed is computed to its end, for no one. */
  readonly signal?: AbortSignal | undefined;
}

export interface OpenOptions extends CallOptions {
  /** What computes. Default `auto`, the fastest. */
  readonly device?: DeviceName | undefined;
  /** How many clips of a call are computed at once at most. Default: as many as take 256 MB, 16 at most. */
  readonly batch?: number | undefined;
}

/** For graphs that are calibrated with `runtime eval --calibrate`. */
export interface RejectOptions {
  /**
   * Answers that none of the classes is heard, by the graph's set point of this rate, such as 0.05: the share of background that is taken
   * for a class, or of clips of the classes that are rejected, as `metadata.rejection` tells. Default: no sound is rejected.
   */
  readonly reject?: number | undefined;
}

export interface ClassifyOptions extends CallOptions, RejectOptions {
  /** How many classes `top` has; 0: all. Default 5. */
  readonly top?: number | undefined;
}

export interface EmbedOptions extends CallOptions {
  /** Told in a clause what is odd about a clip that is read all the same, such as that only its beginning is heard. @param clip its index */
  readonly onNote?: ((note: string, clip: number) => void) | undefined;
}

export interface ListenOptions extends CallOptions, RejectOptions {
  /** How long a window is. Default: what the model hears at once, 10 s at most. */
  readonly windowSeconds?: number | undefined;
  /** From the start of a window to that of the next, no longer than the window. Default: the window. */
  readonly hopSeconds?: number | undefined;
  /**
   * Of how many windows around each, itself in the middle, the median of each class's scores is taken, before thresholds: an odd
   * number. At both ends of the recording it is of those that there are. Default 1: none but its own.
   */
  readonly smooth?: number | undefined;
  /**
   * Whether a stream does not wait, as a microphone's does not: where computing falls behind, windows are left out rather than heard
   * ever later. Otherwise the stream is read no faster than it is heard. Default false.
   */
  readonly isLive?: boolean | undefined;
  /** Told in a clause what is odd about a recording that is read all the same. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** What is told of windows. */
export interface WindowOptions {
  /** How many classes `top` has; 0: all. Default 5. */
  readonly top?: number | undefined;
}

/** For events, which `threshold` asks for instead of windows. */
export interface EventOptions {
  /**
   * The least score at which a class is heard in a window: of all classes, or of those that are named, which then alone are heard.
   * "best": of each class the graph's own, `metadata.thresholds`. In a window that is rejected none is.
   */
  readonly threshold: Threshold | "best";
  /**
   * Whether windows that hear the same class, in a row or overlapping, are one event, from the start of the first to the end of the
   * last. Default false.
   */
  readonly merge?: boolean | undefined;
  /** Shorter events are left out. Default 0. */
  readonly minSeconds?: number | undefined;
}

/** A window, and what the model hears in it. */
export interface HeardWindow extends WindowScores {
  /** The classes of the highest scores, these falling; none where the window is rejected. */
  readonly top: readonly Score[];
  /** From when its last sample had come to this answer: how late a stream is heard, besides the window's own length. */
  readonly latencySeconds: number;
  /** How many windows were left out between the one before and this; of what `isLive` alone. */
  readonly skipped: number;
}

/** What a graph says of itself. */
export interface ModelMetadata {
  /** The spec's. */
  readonly name: string;
  /** Class names, by index. */
  readonly classes: readonly string[];
  /** `multi-label`: scores are independent; `single-label`: they sum to 1. */
  readonly objective: "multi-label" | "single-label";
  /** Clips are resampled to it. */
  readonly sampleRateHz: number;
  /** Shorter clips are refused. */
  readonly leastSeconds: number;
  /** Of longer clips the beginning is heard. */
  readonly mostSeconds: number;
  /** The network's scalars. */
  readonly parameters: number;
  /** The compiler's version that wrote the file. */
  readonly compilerVersion: string;
  /** Whether scores are calibrated, by what `runtime eval --calibrate` has written into the graph. */
  readonly isCalibrated: boolean;
  /** The score of each class that was best by F1 on clips that were held out; undefined where none were measured. */
  readonly thresholds: Readonly<Record<string, number>> | undefined;
  /** What sounds can be rejected by; undefined where it was not measured. */
  readonly rejection: RejectionPoints | undefined;
}

/** Set points to reject sounds by, and how often they were wrong on clips that were held out. */
export interface RejectionPoints {
  /** What the rates are of: background that is taken for a class, or clips of the classes that are rejected. */
  readonly rateOf: "background" | "classes";
  readonly points: readonly {
    /** What `reject` takes. */
    readonly rate: number;
    readonly threshold: number;
    /** The share of background that is not rejected; null where there was none to measure it on. */
    readonly falseAlarms: number | null;
    /** The share of clips of the classes that are rejected. */
    readonly misses: number;
  }[];
}

/** An open graph. It computes in a thread of its own, and keeps the process alive only while it is asked. */
export interface Model {
  readonly metadata: ModelMetadata;
  /** What it computes on. */
  readonly device: DeviceDescription;
  /** How many clips of a call, or windows of a recording, are computed at once at most. */
  readonly batch: number;
  /**
   * Says what is heard in clips. Calls take turns, batch by batch, those of several models too. The clips of one call are computed
   * together as far as `batch` allows; those of several calls never are, so that no answer depends on what else is asked.
   * @returns as many answers as clips, in their order
   * @throws UserError where a clip cannot be read (of several, the first such), or the call is aborted
   */
  classify(clip: Clip, options?: ClassifyOptions): Promise<Classification>;
  classify(clips: readonly Clip[], options?: ClassifyOptions): Promise<readonly Classification[]>;
  /**
   * The same for clips of any number, in memory that does not grow with it: answers in the clips' order as they come, and in the place
   * of one that cannot be read the reason. The first `batch` clips are computed together, then the next.
   */
  classifyEach(
    clips: readonly Clip[],
    options?: ClassifyOptions,
  ): AsyncIterableIterator<Classification | UserError, void, undefined>;
  /**
   * What the network makes of clips before its last layer, to compare them by: those that lie in nearly the same direction sound alike
   * to the model. Takes turns and is batched as `classify` is. The graph is opened once more for it, at the first call.
   * @returns of each clip as many numbers as the last dense layer takes
   * @throws UserError as `classify`, and where the network has no such layer
   */
  embed(clip: Clip, options?: EmbedOptions): Promise<Float32Array>;
  embed(clips: readonly Clip[], options?: EmbedOptions): Promise<readonly Float32Array[]>;
  /**
   * Says what is heard in a clip, and by what: what the model sees of it and how much of each patch reaches what is classified, by
   * attention rollout (Abnar and Zuidema 2020). The graph is opened once more for it, at the first call.
   * @throws UserError as `classify`, and where the network has no attention
   */
  explain(clip: Clip, options?: CallOptions & WindowOptions): Promise<Explanation>;
  /**
   * Goes through a recording of any length, in memory that does not grow with it: window by window, or, where `threshold` is given, in
   * events, each as it ends. Times are in seconds from its start. Whatever ends the loop ends all that it has opened.
   * @throws UserError where an option is wrong; in the loop, after what was heard until then, where the recording cannot be read or
   *   breaks off, or listening is aborted
   */
  listen(
    recording: Recording,
    options: ListenOptions & EventOptions,
  ): AsyncIterableIterator<SoundEvent, void, undefined>;
  listen(
    recording: Recording,
    options?: ListenOptions & WindowOptions,
  ): AsyncIterableIterator<HeardWindow, void, undefined>;
  /** Frees the memory; calls that are not answered reject. */
  readonly close: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}
