/** A whole model: what `compile` reads. */
import type { FeatureStep, Waveform } from "./features.ts";
import type { FittingFeatures, FittingNetwork } from "./flow.ts";
import type { Layers } from "./layers.ts";
import type { Objective } from "./objectives.ts";
import type { Checkpoint } from "./pretrained.ts";
import type { Training } from "./training.ts";

interface ModelOptions<Steps = readonly FeatureStep[], Network = Layers> {
  /** By which graphs and reports call it. */
  readonly name: string;
  /** What comes in. */
  readonly input: Waveform;
  /**
   * In order: `removeMean()`, `gain(...)`, `preemphasis(...)` (each optional), `kaldiFbank(...)` (or `kaldiMel(...)` or `melSpectrogram(...)`, and
   * `log(...)` or `decibels(...)`), `padOrCut(...)` or `anyLength(...)`, `normalize(...)` (optional).
   */
  readonly features: Steps;
  /** From [batch, frames, bins] to logits [batch, classes]. */
  readonly network: Network;
  /** The classes, what the scores mean, and the loss. */
  readonly objective: Objective;
  /** The recipe. */
  readonly training: Training;
  /** Weights to start from. Default: every parameter starts from `seed`. */
  readonly pretrained?: Checkpoint;
  /** Seeds the initial parameters and, unless overridden, the order of training clips. Default 0. */
  readonly seed?: number;
}

/** A model: what comes in, how it is heard, the network, what its scores mean, and how it is trained. */
export interface Model extends ModelOptions {
  readonly kind: "model";
}
export const model = <const Steps extends readonly unknown[], const Network extends readonly unknown[]>(
  options: ModelOptions<FittingFeatures<Steps>, FittingNetwork<Network>>,
): Model => ({ kind: "model", ...(options as unknown as ModelOptions) });
