/** Where gradients wait for the update, and what it makes of them. */
import { gradientName, names } from "../artifact/names.ts";
import type { Builder } from "../ops/builder.ts";
import { countClips } from "../ops/count-clips.ts";
import type { Value } from "../ir/graph.ts";
import type { Gradients, Update } from "./optimizers/update.ts";

const origin = { path: "gradient", role: "optimizer" } as const;

/** The state that counts the clips whose gradients are added up. */
const clipsName = "gradient_clips";

const gradientState = { kind: "gradient", initializer: { kind: "zeros" }, fanIn: 1 } as const;

/** Each gradient replaces the one before it. */
export const keepGradients = (b: Builder, gradients: Gradients): readonly Update[] =>
  [...gradients].map(([name, next]) => ({ state: b.state(gradientState, gradientName(name), next.type), next }));

/**
 * Adds up gradients of several parts of a batch, each weighted by its clips, so that parts of unequal size give the batch's
 * gradient too. Where the batch's input `accumulate` is false, the sums start again.
 * @param gradients of the loss's mean over the part's clips
 * @param targets [batch, classes]
 */
export const addUpGradients = (b: Builder, gradients: Gradients, targets: Value): readonly Update[] =>
  b.from(origin, () => {
    const goesOn = b.input(names.accumulate, { dtype: "bool", shape: [] });
    const addTo = (name: string, value: Value): Update => {
      const state = b.state(gradientState, name, value.type);
      return { state, next: b.add(b.where(goesOn, state, b.scalar(0)), value) };
    };
    const clips = countClips(b, targets);
    return [
      addTo(clipsName, clips),
      ...[...gradients].map(([name, gradient]) => addTo(gradientName(name), b.mul(gradient, clips))),
    ];
  });

/** The mean over all clips, of sums: the gradients of the whole batch. */
export const meanOfSums = (b: Builder, sums: Gradients): Gradients =>
  b.from(origin, () => {
    const clips = b.findState(clipsName);
    return new Map([...sums].map(([name, sum]) => [name, b.div(sum, clips)]));
  });
