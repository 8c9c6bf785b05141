import { names } from "../artifact.ts";
import type { Builder } from "../ir/builder.ts";
import type { Value } from "../ir/graph.ts";
import { type Gradients, type Update, updateOnlyIf } from "./update.ts";

const origin = { path: "accumulation", role: "optimizer" } as const;

export interface Accumulation {
  /** The mean over all clips since the last update. */
  readonly mean: Gradients;
  /** The sums that it is made of, which include this step's. */
  readonly sums: readonly Update[];
}

/** How many clips, a scalar float32: ones are counted, as ONNX Runtime 1.30 has no WebGPU kernel for Size. */
const countClips = (b: Builder, targets: Value): Value => {
  const [batch = "batch"] = targets.type.shape;
  const column = b.slice(targets, { starts: [0], ends: [1], axes: [1] });
  return b.reduceSum(b.expand(b.scalar(1), b.shape(column), { to: [batch, 1] }), { axes: [0, 1], keepdims: 0 });
};

const addTo = (b: Builder, name: string, value: Value): Update => {
  const zeros = { kind: "optimizer", initializer: { kind: "zeros" }, fanIn: 1 } as const;
  const state = b.state(zeros, `${origin.path}.${name}`, value.type);
  return { state, next: b.add(state, value) };
};

/**
 * Adds up gradients of several parts of a batch, each weighted by its clips, so that parts of unequal size give the batch's
 * gradient too.
 * @param gradients of the loss's mean over the part's clips
 * @param targets [batch, classes]
 */
export const accumulateGradients = (b: Builder, gradients: Gradients, targets: Value): Accumulation =>
  b.from(origin, () => {
    const clips = countClips(b, targets);
    const total = addTo(b, "clips", clips);
    const sums = [...gradients].map(([name, gradient]) => [name, addTo(b, name, b.mul(gradient, clips))] as const);
    return {
      mean: new Map(sums.map(([name, { next }]) => [name, b.div(next, total.next)])),
      sums: [total, ...sums.map(([, sum]) => sum)],
    };
  });

/** Lets `updates` happen only where the step's input `update` says so; there the sums start again, elsewhere they are kept. */
export const updateWhenAsked = (b: Builder, updates: readonly Update[], sums: readonly Update[]): readonly Update[] => {
  const isAsked = b.input(names.update, { dtype: "bool", shape: [] });
  const gated = updateOnlyIf(b, isAsked, updates);
  const kept = b.from(origin, () =>
    sums.map(({ state, next }) => ({ state, next: b.where(isAsked, b.scalar(0), next) })),
  );
  return [...gated, ...kept];
};
