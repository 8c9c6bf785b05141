import type { NormalizedPrecision } from "../frontend/normalized-spec.ts";
import type { Builder } from "../ir/builder.ts";
import type { DType, Value } from "../ir/graph.ts";
import { globalSquaredNorm } from "./global-squared-norm.ts";
import { updateOnlyIf } from "./update-only-if.ts";

type LossScaling = Extract<NormalizedPrecision, { kind: "mixed-float16" }>;
type Gradients = ReadonlyMap<string, Value>;

/** Float32's largest number. A comparison with it is false for what is infinite or not a number. */
const largest = 3.4028234663852886e38;

/** The scale grows up to here, so that neither it nor its reciprocal overflows. */
const largestScale = 2 ** 126;

/**
 * One step with dynamic loss scaling, as `torch.amp.GradScaler` (growth factor 2, backoff factor 0.5): the gradients of
 * scale * loss, divided by the scale, make the step, unless any is infinite or not a number: then no state changes but the scale.
 * @param differentiate the gradients of the loss times a scalar
 * @param optimize writes the states' updates. @returns the gradients that they were made with
 */
export const lowerLossScaling = (
  b: Builder,
  { initialScale, growthInterval }: LossScaling,
  differentiate: (seed: Value) => Gradients,
  optimize: (gradients: Gradients) => Gradients,
): void => {
  const origin = { path: "loss_scale", role: "optimizer" } as const;
  const state = (name: string, dtype: DType, value: number): Value =>
    b.state({ kind: "optimizer", initializer: { kind: "constant", value }, fanIn: 1 }, `${origin.path}.${name}`, {
      dtype,
      shape: [],
    });
  const integer = (value: number): Value => b.constant(`constant/int32/${value}`, [], Int32Array.of(value));

  const scale = state("scale", "float32", initialScale);
  const goodSteps = state("good_steps", "int32", 0);
  const scaled = differentiate(scale);
  const gradients = b.from(origin, () => {
    const factor = b.div(b.scalar(1), scale);
    return new Map([...scaled].map(([name, gradient]) => [name, b.mul(gradient, factor)]));
  });
  const used = optimize(gradients);

  b.from(origin, () => {
    const isGood = b.less(globalSquaredNorm(b, [...used.values()]), b.scalar(largest));
    updateOnlyIf(b, isGood);
    const counted = b.add(goodSteps, integer(1));
    const isWaiting = b.less(counted, integer(growthInterval));
    const grown = b.where(b.less(scale, b.scalar(largestScale)), b.mul(scale, b.scalar(2)), scale);
    b.update(goodSteps, b.where(isGood, b.where(isWaiting, counted, integer(0)), integer(0)));
    b.update(scale, b.where(isGood, b.where(isWaiting, scale, grown), b.mul(scale, b.scalar(0.5))));
  });
};
