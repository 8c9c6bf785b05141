/** A spec with every default filled in, every block unrolled and every parameter path decided: what lowering reads. */
import { cut, type Dim, sum, wholeSteps } from "../artifact/dim.ts";
import { type Framing, leastSamplesOf } from "../artifact/frames.ts";
import type { Recipe } from "../artifact/recipe.ts";
import type { SourceSpan } from "../diagnostics/diagnostic.ts";
import type { Augmentation } from "../../spec/dsl/augmentation.ts";
import type { Decibels, Log, MelSpectrogram, Preemphasis, WindowName } from "../../spec/dsl/features.ts";
import type { Checkpoint } from "../../spec/dsl/pretrained.ts";
import type { Optimizer } from "../../spec/dsl/training.ts";
import type { PlacedLayer } from "./placed-layer.ts";

/** Where in the source a spec object, or one of its properties, was written. */
export type Locate = (object: object, property?: string) => SourceSpan | undefined;

/** What is written in a spec, with every default filled in. */
export type Settled<Written> = Written extends unknown ? Required<Written> : never;

/** What torchaudio's mel spectrogram has beside Kaldi's. */
export type Stft = Pick<
  Settled<MelSpectrogram>,
  "windowSamples" | "periodic" | "power" | "centered" | "melScale" | "norm"
>;

/** What follows the mel filters. */
export type Compression = Log | (Omit<Settled<Decibels>, "topDb"> & Pick<Decibels, "topDb">);

/** Kaldi's floor is float32's epsilon. */
export const kaldiLog: Log = { kind: "log", floor: 2 ** -23 };

export interface NormalizedFeatures {
  readonly removeMean: boolean;
  readonly gain: number;
  /** Of the whole clip; null: none. */
  readonly emphasis: Pick<Settled<Preemphasis>, "coefficient" | "first"> | null;
  readonly bins: number;
  /** Of the Fourier transform where there is `stft`, of which the window may have less. */
  readonly frameLengthSamples: number;
  readonly frameShiftSamples: number;
  readonly window: WindowName;
  readonly lowHz: number;
  readonly highHz: number;
  /** Of each frame. */
  readonly preemphasis: number;
  /** null: the mel spectrogram is Kaldi's. */
  readonly stft: Stft | null;
  readonly compression: Compression;
  /** That the network sees, or that positions are held for. */
  readonly frames: number;
  /** In frames, where clips have lengths of their own. */
  readonly anyLength?: { readonly least: number; readonly most: number };
  /** What frames that a clip does not have are before normalisation; null: the spec does not say, which means 0. */
  readonly fill: number | null;
  /** By each clip's own mean and deviation; null: by those of a data set. */
  readonly perClip: { readonly eps: number } | null;
  /** (x - mean) * scale; of `perClip` 0 and 1. */
  readonly mean: number;
  readonly scale: number;
}

/** What `fill` is after normalisation. */
export const filledWith = ({ fill, mean, scale }: NormalizedFeatures): number => ((fill ?? 0) - mean) * scale;

/** How frames lie in a clip. */
export const framingOf = ({
  frameLengthSamples,
  frameShiftSamples,
  stft,
  emphasis,
}: Pick<NormalizedFeatures, "frameLengthSamples" | "frameShiftSamples" | "stft" | "emphasis">): Framing => {
  const dropped = emphasis?.first === "dropped" ? 1 : 0;
  if (!stft?.centered) return { minSamples: dropped + frameLengthSamples, frameShiftSamples };
  const reflectedSamples = frameLengthSamples / 2;
  return { minSamples: dropped + reflectedSamples + 1, frameShiftSamples, reflectedSamples };
};

/** The frames that the network computes of a batch. */
export const framesOf = (
  features: Pick<NormalizedFeatures, "frames" | "anyLength"> & Parameters<typeof framingOf>[0],
): Dim => {
  const { frames, anyLength, frameShiftSamples } = features;
  if (!anyLength) return frames;
  const framing = framingOf(features);
  const { least, most } = anyLength;
  const heard = cut("samples", 0, leastSamplesOf(most, framing)) ?? 0;
  return sum([least, wholeSteps(heard, leastSamplesOf(least, framing), frameShiftSamples)]);
};

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
