/** A spec with every default filled in, every block unrolled and every parameter path decided: what lowering reads. */
import { cut, type Dim, sum, wholeSteps } from "../artifact/dim.ts";
import { samplesIn } from "../artifact/frames.ts";
import type { Recipe } from "../artifact/recipe.ts";
import type { SourceSpan } from "../diagnostics/diagnostic.ts";
import type { Augmentation } from "../../spec/dsl/augmentation.ts";
import type { WindowName } from "../../spec/dsl/features.ts";
import type { Checkpoint } from "../../spec/dsl/pretrained.ts";
import type { Optimizer } from "../../spec/dsl/training.ts";
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
  /** That the network sees, or that positions are held for. */
  readonly frames: number;
  /** In frames, where clips have lengths of their own. */
  readonly anyLength?: { readonly least: number; readonly most: number };
  /** (x - mean) * scale. */
  readonly mean: number;
  readonly scale: number;
}

/** The frames that the network computes of a batch. */
export const framesOf = ({
  frames,
  anyLength,
  frameLengthSamples: minSamples,
  frameShiftSamples,
}: Pick<NormalizedFeatures, "frames" | "anyLength" | "frameLengthSamples" | "frameShiftSamples">): Dim => {
  if (!anyLength) return frames;
  const samplesOf = (count: number): number => samplesIn(count, { minSamples, frameShiftSamples });
  const { least, most } = anyLength;
  const heard = cut("samples", 0, samplesOf(most)) ?? 0;
  return sum([least, wholeSteps(heard, samplesOf(least), frameShiftSamples)]);
};

/** What is written in a spec, with every default filled in. */
export type Settled<Written> = Written extends unknown ? Required<Written> : never;

export type NormalizedPrecision =
  | { readonly kind: "float32" }
  | { readonly kind: "mixed-float16"; readonly initialScale: number; readonly growthInterval: number };

/** What training does: what the runtime is told of it, and what the graph alone has. */
export interface NormalizedTraining {
  readonly recipe: Recipe;
  readonly optimizer: Settled<Optimizer>;
  /** null: gradients are not clipped. */
  readonly clipNorm: number | null;
  /** In the order in which they are applied. */
  readonly augmentation: readonly Settled<Augmentation>[];
  /** Factors of the learning rate by patterns of parameter names; of several that match, the last counts. */
  readonly rates: Readonly<Record<string, number>>;
  readonly precision: NormalizedPrecision;
}

export interface NormalizedSpec extends NormalizedTraining {
  readonly name: string;
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
