/** A spec with every default filled in, every block unrolled and every parameter path decided: what lowering reads. */
import type { SourceSpan } from "../diagnostics/diagnostic.ts";
import type { WindowName } from "../../spec/dsl/features.ts";
import type { Checkpoint } from "../../spec/dsl/pretrained.ts";
import type { Layer, Repeat } from "../../spec/dsl/layers.ts";

/** Where in the source a spec object, or one of its properties, was written. */
export type Locate = (object: object, property?: string) => SourceSpan | undefined;

/** A layer with its place in the network; `path` prefixes the names of its parameters and nodes. */
export interface PlacedLayer<L extends Layer = Exclude<Layer, Repeat>> {
  readonly layer: L;
  readonly path: string;
  /** The layers inside a residual. */
  readonly inner: readonly PlacedLayer[];
}

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

export interface NormalizedSpec {
  readonly name: string;
  readonly seed: number;
  readonly sampleRateHz: number;
  readonly features: NormalizedFeatures;
  readonly network: readonly PlacedLayer[];
  readonly objective: "multi-label" | "single-label";
  readonly classes: readonly string[];
  readonly optimizer: NormalizedOptimizer;
  readonly batch: number;
  readonly epochs: number;
  readonly precision: NormalizedPrecision;
  /** null: the runtime decides. */
  readonly stepsPerRun: number | null;
  readonly pretrained: Omit<Checkpoint, "kind"> | undefined;
}
