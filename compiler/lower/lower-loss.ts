/** What training adds to inference before gradients: augmentation and the loss. */
import { names } from "../artifact/names.ts";
import type { Locate, NormalizedSpec } from "../ir/normalized-spec.ts";
import type { Builder } from "../ops/builder.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { augmentFeatures } from "./augment-features.ts";
import { lowerFeatures } from "./lower-features.ts";
import { lowerMixup } from "./lower-mixup.ts";
import { lowerNetwork, trainsDifferently } from "./lower-network.ts";
import { objectives } from "./lower-objective.ts";

/** Inference as it is lowered: from the graph's input on. */
export interface LoweredInference {
  readonly kind: "waveform" | "features";
  readonly start: Value;
  readonly features: Value;
  readonly logits: Value;
}

const isAugmented = ({ augmentation }: NormalizedSpec): boolean =>
  Object.values(augmentation).some((step) => step !== null && step !== false);

/** Whether training's forward pass is another than inference's, which is float32 so that it runs well everywhere. */
const hasOwnForward = (spec: NormalizedSpec): boolean =>
  spec.precision.kind !== "float32" || isAugmented(spec) || trainsDifferently(spec.network);

const lowerAugmentation = (b: Builder, spec: NormalizedSpec, { kind, start, features }: LoweredInference): Value =>
  b.from({ path: "augmentation", role: "training" }, () => {
    const { augmentation, sampleRateHz } = spec;
    if (augmentation.mixup === null) return augmentFeatures(b, features, augmentation, spec.features);
    if (kind === "features") throw new Error("mixup needs waveforms");
    const mixed = lowerFeatures(b, lowerMixup(b, start, spec.features), spec.features, sampleRateHz);
    return augmentFeatures(b, mixed, augmentation, spec.features);
  });

/** Training as it is lowered: from the batch to the loss. */
export interface LoweredForward {
  readonly graph: Graph;
  readonly targets: Value;
  /** [] */
  readonly loss: Value;
}

/** Appends the loss to inference; with augmentation or mixed precision, of a forward pass of its own on the same parameters. */
export const lowerLoss = (
  b: Builder,
  spec: NormalizedSpec,
  inference: LoweredInference,
  locate: Locate,
): Omit<LoweredForward, "graph"> => {
  const classes = spec.classes.length;
  const objective = objectives[spec.objective];
  const targets = b.input(names.targets, { dtype: "float32", shape: ["batch", classes] });
  const logits = hasOwnForward(spec)
    ? lowerNetwork(b, lowerAugmentation(b, spec, inference), spec.network, locate, "training")
    : inference.logits;
  const loss = b.from({ path: "objective", role: "loss" }, () => {
    const { labelSmoothing } = spec;
    const smooth = labelSmoothing === 0 ? targets : objective.smooth(b, targets, labelSmoothing, classes);
    return objective.loss(b, logits, smooth);
  });
  return { targets, loss };
};
