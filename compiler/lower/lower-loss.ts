/** What training adds to inference before gradients: augmentation and the loss. */
import type { GraphInput } from "../artifact/metadata.ts";
import { names } from "../artifact/names.ts";
import type { Locate, NormalizedSpec } from "../ir/normalized-spec.ts";
import { type Builder, createBuilder } from "../ops/builder.ts";
import { verify } from "../ops/verify.ts";
import type { Graph, Value } from "../ir/graph.ts";
import type { Batch } from "./augmentations/augmentation.ts";
import { augmentationRow } from "./augmentations/augmentations.ts";
import { lowerFeatures } from "./features/lower-features.ts";
import type { LoweredInference } from "./lower-inference.ts";
import { lowerNetwork, trainsDifferently } from "./lower-network.ts";
import { objectives } from "./objectives.ts";

/** Whether training's forward pass is another than inference's, which is float32 so that it runs well everywhere. */
const hasOwnForward = ({ precision, augmentation, network }: NormalizedSpec): boolean =>
  precision.kind !== "float32" || augmentation.length > 0 || trainsDifferently(network);

/** The batch after the augmentations of waveforms, or of features. */
const augment = (b: Builder, { augmentation, features }: NormalizedSpec, on: GraphInput, batch: Batch) =>
  augmentation.reduce((augmented, step) => {
    const row = augmentationRow(step);
    return row.on === on ? row.lower(b, augmented, step, features) : augmented;
  }, batch);

/** What the network is trained on: normalised features and targets. */
const lowerAugmentation = (
  b: Builder,
  spec: NormalizedSpec,
  { input, start, features }: LoweredInference,
  targets: Value,
  locate: Locate,
): Batch =>
  b.from({ path: "augmentation", role: "training", span: locate(spec, "training") }, () => {
    const waveforms: Batch = { signal: start, targets };
    const mixed = input === "waveform" ? augment(b, spec, "waveform", waveforms) : waveforms;
    const { values, ownFrames } =
      mixed.signal === start ? features : lowerFeatures(b, mixed.signal, spec.features, spec.sampleRateHz);
    return augment(b, spec, "features", { signal: values, targets: mixed.targets, ownFrames });
  });

/** Training's forward pass. */
export interface LoweredForward {
  /** Outputs: logits and scores, of inference, and the loss. */
  readonly graph: Graph;
  /** [batch, classes] */
  readonly targets: Value;
  /** [] */
  readonly loss: Value;
}

/** Inference with the loss after it; with augmentation, mixed precision or the like, of a forward pass of its own on the same states. */
export const lowerLoss = (spec: NormalizedSpec, inference: LoweredInference, locate: Locate): LoweredForward => {
  const b = createBuilder(inference.graph);
  const classes = spec.classes.length;
  const objective = objectives[spec.objective];
  const targets = b.input(names.targets, { dtype: "float32", shape: ["batch", classes] });
  const batch = lowerAugmentation(b, spec, inference, targets, locate);
  const heard = { values: batch.signal, ownFrames: batch.ownFrames };
  const logits = hasOwnForward(spec) ? lowerNetwork(b, heard, spec, locate, "training") : inference.logits;
  const loss = b.from({ path: "objective", role: "loss", span: locate(spec, "objective") }, () => {
    const { labelSmoothing } = spec;
    const smooth = labelSmoothing === 0 ? batch.targets : objective.smooth(b, batch.targets, labelSmoothing, classes);
    return objective.loss(b, logits, smooth);
  });
  return { graph: verify(b.finish([...inference.graph.outputs, loss])), targets, loss };
};
