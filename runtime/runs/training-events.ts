/** What a training tells as it goes. Epochs and steps count from 1; steps run on through epochs. */
import type { RanksTook } from "../distributed/meter-steps.ts";
import type { DeviceDescription } from "../engine/device.ts";
import type { Figures } from "../metrics/figures.ts";

/** The clips are opened, the run's folder is made: the training begins, or goes on. */
export interface StartEvent {
  readonly event: "start";
  /** The run's. */
  readonly folder: string;
  /** The graph's name, which is its spec's. */
  readonly name: string;
  /** What the clips are called: a path, `the embedded sounds`, or `the clips listed`. */
  readonly data: string;
  /** How many there are to train on, to evaluate on after each epoch, and to test at the end. */
  readonly clips: { readonly train: number; readonly evaluation: number; readonly test: number };
  /** Of the whole training; null: as many as the steps take. */
  readonly epochs: number | null;
  /** Of the whole training, those that are done included. */
  readonly steps: number;
  /** Those that earlier sessions of the run have done. */
  readonly stepsDone: number;
  /** Clips in a step. */
  readonly batch: number;
  /** Of them, those that are computed at once, by each rank. */
  readonly clipsAtOnce: number;
  /** The processes that train together. */
  readonly ranks: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly device: DeviceDescription;
  /** Of the machine's memory that the process is to take at the most, about; null where that is not known: on other devices than the CPU. */
  readonly memoryBytes: number | null;
  /** What the process may take of it, with what it has by now: those that are free; null on other devices than the CPU. */
  readonly availableBytes: number | null;
}

/** Something the user should know, in words. */
export interface NoteEvent {
  readonly event: "note";
  readonly text: string;
}

/**
 * How fast it goes: after the third step of a session, and after each evaluation, as long as steps are left. As it is of the
 * machine, the run's log is without it.
 */
export interface PaceEvent {
  readonly event: "pace";
  readonly step: number;
  /** Mean over the steps since the last such event, with the waits for their clips; the session's first has no part in it. */
  readonly secondsPerStep: number;
  /** Of a step's, those that it waited for its clips to be decoded. */
  readonly secondsWaiting: number;
  /** To the end of the whole training with its evaluations, about; it may end early. */
  readonly secondsLeft: number;
}

/** An optimizer step. */
export interface StepEvent {
  readonly event: "step";
  readonly epoch: number;
  readonly step: number;
  /** Mean over the step's clips, before the step. */
  readonly loss: number;
  /** The learning rate. */
  readonly lr: number;
}

/** The end of an epoch: what the parameters of then answer to the clips for evaluation. */
export interface EpochEvent extends Figures {
  readonly event: "eval";
  readonly epoch: number;
  readonly step: number;
  /** Mean over the clips that the epoch trained on. */
  readonly trainLoss: number;
  /** Whether no earlier epoch was as good: it is in best.onnx. */
  readonly best: boolean;
}

/** The averaged parameters of so many epochs. */
export interface AveragedEvent extends Figures {
  readonly event: "averaged";
  readonly epochs: number;
  readonly step: number;
}

/** A graph that training chose, on the clips that had no part in that. */
export interface TestEvent extends Figures {
  readonly event: "test";
  /** The graph's path. */
  readonly graph: string;
  readonly step: number;
}

/** What a run's log keeps. */
export type LoggedEvent = StepEvent | EpochEvent | AveragedEvent | TestEvent;

/** The end of the steps. */
export interface EndEvent {
  readonly event: "done";
  /** The last graph that was saved; null where an interruption came before the first. */
  readonly graph: string | null;
  /** The graph of the best evaluation, and the averaged one; null where there is none. */
  readonly best: string | null;
  readonly averaged: string | null;
  readonly epochs: number;
  readonly steps: number;
  /** Whether a signal ended it before it was through: the run can be gone on with. */
  readonly interrupted: boolean;
}

export type TrainEvent = LoggedEvent | PaceEvent | EndEvent;

/** The end: what the run has come to, in all its sessions. */
export interface DoneEvent extends EndEvent {
  /** The run's. */
  readonly folder: string;
  /** Of the evaluations so far, the last and the best; of the averaged graph; and of each graph on the clips for the test. */
  readonly figures: {
    readonly last: EpochEvent | null;
    readonly best: EpochEvent | null;
    readonly averaged: AveragedEvent | null;
    readonly tests: readonly TestEvent[];
  };
  /** Paths: the log, one event a line, what the run took, and the page about it; null where it was interrupted. */
  readonly metrics: string;
  readonly usage: string;
  readonly report: string | null;
  /** Of this session. */
  readonly seconds: number;
  /** What several ranks took of its steps for one another; null of one. */
  readonly ranks: RanksTook | null;
  /** The most memory that the process has held at once by now. */
  readonly peakMemoryBytes: number;
}

/** By its `event`, what a training tells. */
export type TrainingEvent = StartEvent | NoteEvent | PaceEvent | LoggedEvent | DoneEvent;
