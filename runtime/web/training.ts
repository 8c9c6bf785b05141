/** What a program sees of training in a tab: options and events. */
import type { DeviceDescription, DeviceName } from "../engine/device.ts";
import type { CallOptions, FileStream, NamedStream, RawStream, SampleStream, Clip } from "../library/model.ts";
import type { Progress } from "../library/training.ts";
import type { AveragedEvent, EpochEvent, NoteEvent, PaceEvent, StepEvent } from "../runs/training-events.ts";
import type { WebGraph } from "./open.ts";

export type { AveragedEvent, EpochEvent, NoteEvent, PaceEvent, Progress, StepEvent };

/** A clip that can be heard more than once: an audio file by its URL, its bytes, a `Blob` or `File` of them, or samples. */
export type TrainingClip = Exclude<Clip, FileStream | NamedStream | RawStream | SampleStream>;

/** A class, and clips of it. */
export interface ClassClips {
  readonly name: string;
  readonly clips: readonly TrainingClip[];
  /** Others to evaluate on. Default, where every class is without: a fifth of each class's clips, chosen by the seed, is held out. */
  readonly evaluation?: readonly TrainingClip[] | undefined;
}

export interface WebTrainOptions extends CallOptions {
  /**
   * Two or more, as many as the graph has or fewer. The trained graph has these, in this order, and no others: it is the graph that
   * compiling for so many gives, and a class that the graph knows by its name begins with what it has learnt of it.
   */
  readonly classes: readonly ClassClips[];
  /** The data file of a graph that has one. Default: of a graph that is fetched, what lies beside it. */
  readonly data?: WebGraph | undefined;
  /** Passes over the clips. Default: the spec's. */
  readonly epochs?: number | undefined;
  /** Steps after which to end, whatever the epochs. */
  readonly steps?: number | undefined;
  /** Clips in a step. Default: the spec's. */
  readonly batch?: number | undefined;
  /** Default: the spec's. */
  readonly learningRate?: number | undefined;
  /** Decides all that is random, and what is held out. Default: the spec's. */
  readonly seed?: number | undefined;
  /** What computes. Default `auto`: WebGPU where the browser has it and no software plays it, or else WebAssembly. */
  readonly device?: DeviceName | undefined;
  /** Told how far the opening of clips and evaluations are. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** The clips are opened: the training begins. */
export interface WebStartEvent {
  readonly event: "start";
  /** The graph's name, which is its spec's. */
  readonly name: string;
  readonly classes: readonly string[];
  /** How many there are to train on, and to evaluate on after each epoch. */
  readonly clips: { readonly train: number; readonly evaluation: number };
  /** Of the whole training; null: as many as the steps take. */
  readonly epochs: number | null;
  readonly steps: number;
  /** Clips in a step. */
  readonly batch: number;
  /** Of them, those that are computed at once. */
  readonly clipsAtOnce: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly device: DeviceDescription;
  /** What the training needs, about. */
  readonly memoryBytes: number;
  /** What a tab has for it at the most. */
  readonly availableBytes: number;
}

/** The end, or what an interruption leaves. */
export interface WebDoneEvent {
  readonly event: "done";
  /**
   * `graph.onnx` with the last parameters, in one piece: for this library, Node.js, Python and all that runs ONNX, and to be trained
   * further. Of an interrupted training those after its last step.
   */
  readonly graph: File;
  /** With those of the best epoch, and with the mean of several; null where there is none. */
  readonly best: File | null;
  readonly averaged: File | null;
  readonly epochs: number;
  readonly steps: number;
  /** Whether a signal ended it before it was through. */
  readonly interrupted: boolean;
  /** Of the evaluations, the last and the best; and of the averaged graph. */
  readonly figures: {
    readonly last: EpochEvent | null;
    readonly best: EpochEvent | null;
    readonly averaged: AveragedEvent | null;
  };
  readonly seconds: number;
}

/** By its `event`, what a training tells. */
export type WebTrainingEvent =
  | WebStartEvent
  | NoteEvent
  | PaceEvent
  | StepEvent
  | EpochEvent
  | AveragedEvent
  | WebDoneEvent;
