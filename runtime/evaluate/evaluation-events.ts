/** What an evaluation tells as it goes. */
import type { DeviceDescription } from "../engine/device.ts";
import type { Summary } from "../metrics/figures.ts";

/** The clips are opened: the graphs are measured on them, one after another. */
export interface EvaluationStartEvent {
  readonly event: "start";
  /** Paths. */
  readonly graphs: readonly string[];
  /** What the clips are called: a path, `the embedded sounds`, or `the clips listed`. */
  readonly data: string;
  /** How many there are. */
  readonly clips: number;
  /** How many others are left out, as a graph was trained on them. */
  readonly leftOut: number;
  readonly device: DeviceDescription;
}

interface Measured extends Summary {
  readonly data: string;
  /** How many of the clips were trained on: on these a graph is better than on any others. Null where the graph does not tell. */
  readonly trainedOn: number | null;
  /** Whether that is not counted but concluded from a sample, which is what a graph of many clips keeps. */
  readonly trainedOnIsEstimated: boolean;
  /** How many others are left out, as a graph was trained on them. */
  readonly leftOut: number;
}

/** One of the set points to reject sounds by. */
export interface SetPoint {
  /** What it was set to. */
  readonly rate: number;
  /** A sound whose score is below it is of none of the classes. */
  readonly threshold: number;
  /** The share of background clips that are not rejected; null without such clips. */
  readonly falseAlarms: number | null;
  /** The share of clips of the classes that are rejected. */
  readonly misses: number;
}

/** What a graph's set points come to. */
export interface MeasuredRejection {
  /** Of the logits: the log of the sum of their exponentials, or the highest score. */
  readonly score: "energy" | "highest-score";
  /** What the points' rates are of: background clips that are taken for a class, or clips of classes that are rejected. */
  readonly rateOf: "background" | "classes";
  readonly points: readonly SetPoint[];
  /** Area under the ROC curve of the classes' clips against background; null where either is missing. */
  readonly separation: number | null;
}

/** A graph is measured. */
export interface GraphEvent extends Measured {
  readonly event: "eval";
  /** Its path. */
  readonly graph: string;
  /** What its set points to reject sounds by come to on these clips; missing where it has none. */
  readonly rejection?: MeasuredRejection | undefined;
}

/** Of several graphs, the mean of their scores. */
export interface EnsembleEvent extends Measured {
  readonly event: "ensemble";
  readonly graphs: readonly string[];
}
