/** What training adds to inference before gradients: augmentation and the loss. */
import { names } from "../artifact/names.ts";
import type { Locate, NormalizedSpec } from "../ir/normalized-spec.ts";
import type { Builder } from "../ops/builder.ts";
import type { Graph, Value } from "../ir/graph.ts";
import type { Batch } from "./augmentations/augmentation.ts";
import { augmentationRow } from "./augmentations/augmentations.ts";
import { lowerFeatures } from "./features/lower-features.ts";
import { lowerNetwork, trainsDifferently } from "./lower-network.ts";
import { objectives } from "./lower-objective.ts";

/** Inference as it is lowered: from the graph's input on. */
export interface LoweredInference {
  readonly kind: "waveform" | "features";
  readonly start: Value;
  readonly features: Value;
  readonly logits: Value;
}

/** Whether training's forward pass is another than inference's, which is float32 so that it runs well everywhere. */
const hasOwnForward = ({ precision, augmentation, network }: NormalizedSpec): boolean =>
  precision.kind !== "float32" || augmentation.length > 0 || trainsDifferently(network);

/** The batch after the augmentations of waveforms, or of features. */
const augment = (b: Builder, { augmentation, features }: NormalizedSpec, on: LoweredInference["kind"], batch: Batch) =>
  augmentation.reduce((augmented, step) => {
    const row = augmentationRow(step);
    return row.on === on ? row.lower(b, augmented, step, features) : augmented;
  }, batch);

/** What the network is trained on: normalised features and targets. */
const lowerAugmentation = (
  b: Builder,
  spec: NormalizedSpec,
  { kind, start, features }: LoweredInference,
  targets: Value,
  locate: Locate,
): Batch =>
  b.from({ path: "augmentation", role: "training", span: locate(spec, "training") }, () => {
    if (kind === "features") return augment(b, spec, "features", { signal: features, targets });
    const waveforms = augment(b, spec, "waveform", { signal: start, targets });
    const heard =
      waveforms.signal === start ? features : lowerFeatures(b, waveforms.signal, spec.features, spec.sampleRateHz);
    return augment(b, spec, "features", { signal: heard, targets: waveforms.targets });
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
  const batch = lowerAugmentation(b, spec, inference, targets, locate);
  const logits = hasOwnForward(spec) ? lowerNetwork(b, batch.signal, spec, locate, "training") : inference.logits;
  const loss = b.from({ path: "objective", role: "loss", span: locate(spec, "objective") }, () => {
    const { labelSmoothing } = spec;
    const smooth = labelSmoothing === 0 ? batch.targets : objective.smooth(b, batch.targets, labelSmoothing, classes);
    return objective.loss(b, logits, smooth);
  });
  return { targets, loss };
};
