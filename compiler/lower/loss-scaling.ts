/** Dynamic loss scaling, as `torch.amp.GradScaler` (growth factor 2, backoff factor 0.5). */
import type { NormalizedPrecision } from "../ir/normalized-spec.ts";
import type { Builder } from "../ops/builder.ts";
import type { DType, Value } from "../ir/graph.ts";
import { globalSquaredNorm } from "./global-squared-norm.ts";
import { type Gradients, type Update, updateOnlyIf } from "./optimizers/update.ts";

const origin = { path: "loss_scale", role: "optimizer" } as const;

/** Float32's largest number. A comparison with it is false for what is infinite or not a number. */
const largest = 3.4028234663852886e38;

/** The scale grows up to here, so that neither it nor its reciprocal overflows. */
const largestScale = 2 ** 126;

/** What the loss is multiplied by before it is differentiated, and how many steps in a row it fitted. */
export interface LossScale {
  readonly scale: Value;
  readonly goodSteps: Value;
  /** Good steps after which the scale doubles. */
  readonly growthInterval: number;
}

/** @returns undefined where the precision needs none */
export const declareLossScale = (b: Builder, precision: NormalizedPrecision): LossScale | undefined => {
  if (precision.kind === "float32") return undefined;
  const { initialScale, growthInterval } = precision;
  const state = (name: string, dtype: DType, value: number): Value =>
    b.state({ kind: "optimizer", initializer: { kind: "constant", value }, fanIn: 1 }, `${origin.path}.${name}`, {
      dtype,
      shape: [],
    });
  return { scale: state("scale", "float32", initialScale), goodSteps: state("good_steps", "int32", 0), growthInterval };
};

/** The gradients of the loss, of those of scale * loss. */
export const unscaleGradients = (b: Builder, { scale }: LossScale, scaled: Gradients): Gradients =>
  b.from(origin, () => {
    const factor = b.div(b.scalar(1), scale);
    return new Map([...scaled].map(([name, gradient]) => [name, b.mul(gradient, factor)]));
  });

/**
 * Where any gradient is infinite or not a number, no state changes but the scale, which halves.
 * @param gradients what `updates` are made with
 */
export const skipOverflow = (
  b: Builder,
  { scale, goodSteps, growthInterval }: LossScale,
  gradients: Gradients,
  updates: readonly Update[],
): readonly Update[] =>
  b.from(origin, () => {
    const integer = (value: number): Value => b.constant(`constant/int32/${value}`, [], Int32Array.of(value));
    const isGood = b.less(globalSquaredNorm(b, [...gradients.values()]), b.scalar(largest));
    const gated = updateOnlyIf(b, isGood, updates);
    const counted = b.add(goodSteps, integer(1));
    const isWaiting = b.less(counted, integer(growthInterval));
    const grown = b.where(b.less(scale, b.scalar(largestScale)), b.mul(scale, b.scalar(2)), scale);
    const nextCount = b.where(isGood, b.where(isWaiting, counted, integer(0)), integer(0));
    const nextScale = b.where(isGood, b.where(isWaiting, scale, grown), b.mul(scale, b.scalar(0.5)));
    return [...gated, { state: goodSteps, next: nextCount }, { state: scale, next: nextScale }];
  });
