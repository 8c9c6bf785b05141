/** What training adds to inference: augmentation, loss, gradients and the optimizer's step. */
import { names } from "../artifact.ts";
import type { Locate, NormalizedSpec } from "../frontend/normalized-spec.ts";
import type { Builder } from "../ir/builder.ts";
import type { Value } from "../ir/graph.ts";
import { gradients } from "../passes/gradients.ts";
import { type Accumulation, accumulateGradients } from "./accumulate-gradients.ts";
import { augmentFeatures } from "./augment-features.ts";
import { clipGradients } from "./clip-gradients.ts";
import { lowerFeatures } from "./lower-features.ts";
import { lowerLossScaling } from "./lower-loss-scaling.ts";
import { lowerMixup } from "./lower-mixup.ts";
import { lowerNetwork } from "./lower-network.ts";
import { objectives } from "./lower-objective.ts";
import { lowerOptimizer } from "./lower-optimizer.ts";
import { rateFactors } from "./rate-factors.ts";

/** Inference as it is lowered: from the graph's input on. */
export interface LoweredInference {
  readonly kind: "waveform" | "features";
  readonly start: Value;
  readonly features: Value;
  readonly logits: Value;
}

type Gradients = ReadonlyMap<string, Value>;

const isAugmented = ({ augmentation }: NormalizedSpec): boolean =>
  Object.values(augmentation).some((step) => step !== null && step !== false);

/** Whether training's forward pass is another than inference's, which is float32 so that it runs well everywhere. */
const hasOwnForward = (spec: NormalizedSpec): boolean => spec.precision.kind !== "float32" || isAugmented(spec);

const lowerAugmentation = (b: Builder, spec: NormalizedSpec, { kind, start, features }: LoweredInference): Value =>
  b.from({ path: "augmentation", role: "training" }, () => {
    const { augmentation, sampleRateHz } = spec;
    if (augmentation.mixup === null) return augmentFeatures(b, features, augmentation, spec.features);
    if (kind === "features") throw new Error("mixup needs waveforms");
    const mixed = lowerFeatures(b, lowerMixup(b, start, spec.features), spec.features, sampleRateHz);
    return augmentFeatures(b, mixed, augmentation, spec.features);
  });

/** What a training step does with the loss: gradients, scaled where they are float16, and the optimizer's updates. */
const lowerStep = (b: Builder, spec: NormalizedSpec, loss: Value, targets: Value, locate: Locate): void => {
  const { precision, optimizer, clipNorm, accumulate } = spec;
  const learningRate = b.input(names.learningRate, { dtype: "float32", shape: [] });
  const forward = b.finish([loss]);
  const parameters = forward.states.map(({ value }) => value);
  const factors = rateFactors(
    parameters.map(({ name }) => name),
    spec.rates,
    locate,
  );
  const trainable = parameters.filter(({ name }) => factors.get(name) !== 0);

  let accumulation: Accumulation | undefined;
  const differentiate = (seed: Value): Gradients => gradients(forward, b, loss, trainable, seed);
  const optimize = (found: Gradients): Gradients => {
    if (accumulate > 1) accumulation = accumulateGradients(b, found, targets);
    const used = accumulation?.mean ?? found;
    const clipped = clipNorm === null ? used : clipGradients(b, used, clipNorm);
    lowerOptimizer(b, optimizer, learningRate, clipped, trainable, factors);
    return used;
  };
  if (precision.kind === "float32") optimize(differentiate(b.scalar(1)));
  else lowerLossScaling(b, precision, differentiate, optimize);
  // Last, as an overflow must not keep the sums from starting again.
  accumulation?.finish();
};

/** @returns the loss [], before the step's updates */
export const lowerTraining = (b: Builder, spec: NormalizedSpec, inference: LoweredInference, locate: Locate): Value => {
  const classes = spec.classes.length;
  const objective = objectives[spec.objective];
  const targets = b.input(names.targets, { dtype: "float32", shape: ["batch", classes] });
  const logits = hasOwnForward(spec)
    ? lowerNetwork(b, lowerAugmentation(b, spec, inference), spec, locate, "training")
    : inference.logits;
  const loss = b.from({ path: "objective", role: "loss" }, () => {
    const { labelSmoothing } = spec;
    const smooth = labelSmoothing === 0 ? targets : objective.smooth(b, targets, labelSmoothing, classes);
    return objective.loss(b, logits, smooth);
  });
  lowerStep(b, spec, loss, targets, locate);
  return loss;
};
