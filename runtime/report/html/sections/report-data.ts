/** What a run's report shows; all of it plain data. */
import type { ArtifactMetadata } from "../../../../compiler/artifact/metadata.ts";
import type { ClassAnalysis } from "../../../metrics/analyse.ts";
import type { ClassSummary } from "../../../metrics/figures.ts";
import type { RunEvents } from "../../../runs/run-events.ts";

/** What stands in a section's place: a sentence that says what is missing. */
export interface Missing {
  readonly missing: string;
}

/** A row of the head: what it is, and its value. */
export type Fact = readonly [name: string, value: string];

/** The answers of one graph to the evaluation clips, class by class. */
export interface EvaluationReport {
  readonly objective: ArtifactMetadata["objective"];
  /** [actual class, predicted class], clips; null for a multi-label model. */
  readonly confusion: Uint32Array | null;
  readonly perClass: readonly (ClassSummary & ClassAnalysis)[];
}

export interface ScoredLabel {
  readonly label: string;
  readonly score: number;
  /** Whether the clip is of the class. */
  readonly isTrue: boolean;
}

export interface Spectrogram {
  /** A PNG: time to the right, mel bins upwards. */
  readonly dataUri: string;
  readonly seconds: number;
}

export interface WorstClip {
  readonly name: string;
  readonly loss: number;
  /** The clip's classes, then the classes with the highest scores among the others. */
  readonly labels: readonly ScoredLabel[];
  readonly spectrogram: Spectrogram | Missing;
  /** URLs that a player takes the sound from, in their order; none where it is out of reach. */
  readonly sounds: readonly string[];
}

export interface ReportData {
  readonly title: string;
  /** The command line, quoted for a shell; empty where a program started the run. */
  readonly command: string;
  readonly run: readonly Fact[];
  readonly environment: readonly Fact[];
  readonly events: RunEvents;
  /** The graph whose answers are shown, such as `best.onnx`. */
  readonly graph: string;
  readonly evaluation: EvaluationReport | Missing;
  readonly worstClips: readonly WorstClip[] | Missing;
}
