/** A spec with every default filled in, every block unrolled and every parameter path decided: what lowering reads. */
import type { Augmentation, Recipe, Schedule } from "../artifact/metadata.ts";
import type { SourceSpan } from "../diagnostics/diagnostic.ts";
import type { WindowName } from "../../spec/dsl/features.ts";
import type { Checkpoint } from "../../spec/dsl/pretrained.ts";
import type { PlacedLayer } from "./placed-layer.ts";

/** Where in the source a spec object, or one of its properties, was written. */
export type Locate = (object: object, property?: string) => SourceSpan | undefined;

export interface NormalizedFeatures {
  readonly removeMean: boolean;
  readonly bins: number;
  readonly frameLengthSamples: number;
  readonly frameShiftSamples: number;
  readonly window: WindowName;
  readonly lowHz: number;
  readonly highHz: number;
  readonly preemphasis: number;
  readonly frames: number;
  /** (x - mean) * scale. */
  readonly mean: number;
  readonly scale: number;
}

export interface NormalizedOptimizer {
  readonly learningRate: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
  /** Coupled: added to the gradient. Decoupled: subtracted from the parameter. */
  readonly decay: "coupled" | "decoupled";
}

export type NormalizedPrecision =
  | { readonly kind: "float32" }
  | { readonly kind: "mixed-float16"; readonly initialScale: number; readonly growthInterval: number };

/** The recipe: what the graph is made from, and what the runtime is told of it (the compiler's contract with it has the rest). */
export interface NormalizedTraining {
  readonly optimizer: NormalizedOptimizer;
  readonly schedule: Schedule;
  readonly batch: number;
  readonly accumulate: number;
  readonly epochs: number;
  /** null: gradients are not clipped. */
  readonly clipNorm: number | null;
  readonly sampling: Recipe["sampling"];
  readonly augmentation: Augmentation;
  /** Factors of the learning rate by patterns of parameter names; of several that match, the last counts. */
  readonly rates: Readonly<Record<string, number>>;
  readonly averaging: Recipe["averaging"];
  readonly bestBy: Recipe["bestBy"];
  readonly earlyStopping: Recipe["earlyStopping"];
  readonly precision: NormalizedPrecision;
  /** null: the runtime decides. */
  readonly stepsPerRun: number | null;
}

export interface NormalizedSpec extends NormalizedTraining {
  readonly name: string;
  readonly seed: number;
  readonly sampleRateHz: number;
  readonly features: NormalizedFeatures;
  readonly network: readonly PlacedLayer[];
  /** What each parameter's learning rate is multiplied by, by its name. */
  readonly rateFactors: ReadonlyMap<string, number>;
  readonly objective: "multi-label" | "single-label";
  readonly classes: readonly string[];
  readonly labelSmoothing: number;
  readonly pretrained: Omit<Checkpoint, "kind"> | undefined;
}
