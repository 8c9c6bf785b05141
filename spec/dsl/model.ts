/** A whole model: what `compile` reads. */
import type { FeatureStep, Waveform } from "./features.ts";
import type { Layers } from "./layers.ts";
import type { Objective } from "./objectives.ts";
import type { Checkpoint } from "./pretrained.ts";
import type { Training } from "./training.ts";

export interface Model {
  readonly kind: "model";
  readonly name: string;
  readonly input: Waveform;
  /** In order: `removeMean()` (optional), `kaldiFbank(...)`, `padOrCut(...)`, `normalize(...)` (optional). */
  readonly features: readonly FeatureStep[];
  /** From [batch, frames, bins] to logits [batch, classes]. */
  readonly network: Layers;
  readonly objective: Objective;
  readonly training: Training;
  /** Default: every parameter starts from `seed`. */
  readonly pretrained?: Checkpoint;
  /** Seeds the initial parameters and, unless overridden, the order of training clips. Default 0. */
  readonly seed?: number;
}
export const model = (options: Omit<Model, "kind">): Model => ({ kind: "model", ...options });
