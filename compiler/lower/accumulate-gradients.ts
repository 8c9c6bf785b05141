import { names } from "../artifact.ts";
import type { Builder } from "../ir/builder.ts";
import type { Value } from "../ir/graph.ts";
import { updateOnlyIf } from "./update-only-if.ts";

type Gradients = ReadonlyMap<string, Value>;

export interface Accumulation {
  /** The mean over all clips since the last update. */
  readonly mean: Gradients;
  /** Lets all updates written so far happen only where the step's input `update` says so; then the sums start again. */
  readonly finish: () => void;
}

/** How many clips, a scalar float32: ones are counted, as ONNX Runtime 1.30 has no WebGPU kernel for Size. */
const countClips = (b: Builder, targets: Value): Value => {
  const [batch = "batch"] = targets.type.shape;
  const column = b.slice(targets, { starts: [0], ends: [1], axes: [1] });
  return b.reduceSum(b.expand(b.scalar(1), b.shape(column), { to: [batch, 1] }), { axes: [0, 1], keepdims: 0 });
};

/**
 * Adds up gradients of several parts of a batch, each weighted by its clips, so that parts of unequal size give the batch's
 * gradient too.
 * @param gradients of the loss's mean over the part's clips
 * @param targets [batch, classes]
 */
export const accumulateGradients = (b: Builder, gradients: Gradients, targets: Value): Accumulation => {
  const origin = { path: "accumulation", role: "optimizer" } as const;
  const update = b.input(names.update, { dtype: "bool", shape: [] });
  const sums: (readonly [state: Value, sum: Value])[] = [];
  const addTo = (name: string, value: Value): Value => {
    const zeros = { kind: "optimizer", initializer: { kind: "zeros" }, fanIn: 1 } as const;
    const state = b.state(zeros, `${origin.path}.${name}`, value.type);
    const sum = b.add(state, value);
    sums.push([state, sum]);
    return sum;
  };
  const mean = b.from(origin, () => {
    const clips = countClips(b, targets);
    const total = addTo("clips", clips);
    return new Map([...gradients].map(([name, gradient]) => [name, b.div(addTo(name, b.mul(gradient, clips)), total)]));
  });
  return {
    mean,
    finish: () => {
      updateOnlyIf(b, update);
      b.from(origin, () => sums.forEach(([state, sum]) => b.update(state, b.where(update, b.scalar(0), sum))));
    },
  };
};
