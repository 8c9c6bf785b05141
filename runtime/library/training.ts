/** What a program sees of training and measuring: options and events. */
import type { DeviceName } from "../engine/device.ts";
import type { EnsembleEvent, EvaluationStartEvent, GraphEvent } from "../evaluate/evaluation-events.ts";
import type { NoteEvent } from "../runs/training-events.ts";
import type { CallOptions } from "./model.ts";

export type * from "../evaluate/evaluation-events.ts";
export type * from "../metrics/figures.ts";
export type {
  AveragedEvent,
  DoneEvent,
  EpochEvent,
  NoteEvent,
  PaceEvent,
  StartEvent,
  StepEvent,
  TestEvent,
  TrainingEvent,
} from "../runs/training-events.ts";

/** By its `event`, what an evaluation tells. */
export type EvaluationEvent = EvaluationStartEvent | NoteEvent | GraphEvent | EnsembleEvent;

/** A clip and what is heard in it. */
export interface LabelledClip {
  /** An audio file, by its path or `file:` URL. */
  readonly path: string | URL;
  /** The classes, by name: one, or several of a multi-label graph. */
  readonly labels: string | readonly string[];
  /** What it is for. Default: what `fold` says, else a fifth of each class is held out for evaluation. */
  readonly split?: "train" | "validation" | "test" | undefined;
  /** Of data in folds, its own. */
  readonly fold?: number | undefined;
}

/** Labelled clips: a folder, a table or AST's JSON by its path or `file:` URL, or a list. */
export type LabelledClips = string | URL | readonly LabelledClip[];

/** How far something is that takes a while. */
export interface Progress {
  readonly task: "opening" | "evaluating";
  readonly clips: number;
  readonly of: number;
}

interface DataOptions extends CallOptions {
  /** Default: the embedded sounds. */
  readonly data?: LabelledClips | undefined;
  /** The CSV that names the labels of AST's JSON: a path or `file:` URL. */
  readonly labels?: string | URL | undefined;
  /** The fold to evaluate on, of data in folds. Default: the lowest. */
  readonly fold?: number | undefined;
  /** Whether clips that cannot be read are left out; otherwise they are an error. Default false. */
  readonly skipBad?: boolean | undefined;
  /** Clips at a time. Default: the spec's. */
  readonly batch?: number | undefined;
  /** What computes. Default `auto`, the fastest. */
  readonly device?: DeviceName | undefined;
  /** Told how far the opening of clips and evaluations are. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface EvaluateOptions extends DataOptions {
  /** Whether to measure on all clips, those that a graph was trained on too. Default false. */
  readonly all?: boolean | undefined;
}

interface RunSettings extends DataOptions {
  /** Other clips to evaluate on after each epoch. Default: those that `data` names, or a fifth. */
  readonly evalData?: LabelledClips | undefined;
  /** Passes over the data. Default: the spec's. */
  readonly epochs?: number | undefined;
  /** Steps after which to end, whatever the epochs. */
  readonly steps?: number | undefined;
  /** Default: the spec's. */
  readonly learningRate?: number | undefined;
  /** Decides all that is random, and the fifth that is held out. Default: the spec's. */
  readonly seed?: number | undefined;
  /** How often to save within an epoch, besides at its end. Default 10. */
  readonly checkpointMinutes?: number | undefined;
  /**
   * Whether this process is one of several that train together, as a launcher has started them all with the same options: rank 0
   * tells of it and has the folder, on the others nothing is told. A step's clips are shared out among them. Default: it is alone.
   */
  readonly distributed?: "mpi" | undefined;
}

export interface TrainOptions extends RunSettings {
  /** The folder for all that the run writes: a path or `file:` URL. Default: `runs/NAME-1`, or the next number. */
  readonly out?: string | URL | undefined;
  /** Whether to replace the run that `out` holds. Default false. */
  readonly overwrite?: boolean | undefined;
  /** Whether to go on with the run that `out` holds, where it holds one. Default false. */
  readonly resume?: boolean | undefined;
  /** A command line that the run's report shows. Default: none. */
  readonly command?: readonly string[] | undefined;
}

/** A run goes on as it was started: options of then may be repeated, and `epochs` may be more. */
export interface ResumeOptions extends RunSettings {
  /** Where its graph is by now: a path or `file:` URL. Default: where it was. */
  readonly graph?: string | URL | undefined;
}
