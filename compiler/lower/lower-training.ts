/** What training adds to inference: augmentation, loss, gradients and the optimizer's step. */
import { names } from "../artifact.ts";
import type { Locate, NormalizedSpec } from "../frontend/normalized-spec.ts";
import { type Builder, createBuilder } from "../ir/builder.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { gradients } from "../passes/gradients.ts";
import { accumulateGradients, updateWhenAsked } from "./accumulate-gradients.ts";
import { augmentFeatures } from "./augment-features.ts";
import { clipGradients } from "./clip-gradients.ts";
import { lowerFeatures } from "./lower-features.ts";
import { declareLossScale, skipOverflow, unscaleGradients } from "./loss-scaling.ts";
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
    ? lowerNetwork(b, lowerAugmentation(b, spec, inference), spec, locate, "training")
    : inference.logits;
  const loss = b.from({ path: "objective", role: "loss" }, () => {
    const { labelSmoothing } = spec;
    const smooth = labelSmoothing === 0 ? targets : objective.smooth(b, targets, labelSmoothing, classes);
    return objective.loss(b, logits, smooth);
  });
  return { targets, loss };
};

/**
 * The forward pass with a training step after it: gradients, unscaling, accumulation, clipping, the optimizer; then its updates
 * are gated, by the overflow check and last by `update`, as an overflow must not keep the sums from starting again.
 */
export const lowerStep = (spec: NormalizedSpec, { graph, targets, loss }: LoweredForward, locate: Locate): Graph => {
  const { precision, optimizer, clipNorm, accumulate } = spec;
  const b = createBuilder(graph);
  const learningRate = b.input(names.learningRate, { dtype: "float32", shape: [] });
  const parameters = graph.states.map(({ value }) => value);
  const factors = rateFactors(
    parameters.map(({ name }) => name),
    spec.rates,
    locate,
  );
  const factorOf = ({ name }: Value): number => factors.get(name) ?? 1;
  const trainable = parameters.filter((parameter) => factorOf(parameter) !== 0);

  const lossScale = precision.kind === "float32" ? undefined : declareLossScale(b, precision);
  const scaled = gradients(graph, b, loss, trainable, lossScale?.scale);
  const found = lossScale ? unscaleGradients(b, lossScale, scaled) : scaled;
  const accumulation = accumulate > 1 ? accumulateGradients(b, found, targets) : undefined;
  const mean = accumulation?.mean ?? found;
  const clipped = clipNorm === null ? mean : clipGradients(b, mean, clipNorm);

  const stepped = trainable.flatMap((parameter) => {
    const gradient = clipped.get(parameter.name);
    return gradient ? [{ parameter, gradient, rateFactor: factorOf(parameter) }] : [];
  });
  const optimized = lowerOptimizer(b, optimizer, learningRate, stepped);
  const updates =
    lossScale && precision.kind !== "float32" ? skipOverflow(b, lossScale, precision, mean, optimized) : optimized;
  const gated = accumulation ? updateWhenAsked(b, updates, accumulation.sums) : updates;
  for (const { state, next } of gated) b.update(state, next);
  return b.finish(graph.outputs);
};
