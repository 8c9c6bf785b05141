/** Scores, loss and smoothed targets of each objective. */
import type { NormalizedSpec } from "../ir/normalized-spec.ts";
import type { Builder } from "../ops/builder.ts";
import type { Value } from "../ir/graph.ts";

interface LoweredObjective {
  /** What becomes of targets [batch, classes] when `smoothing` of them is spread out, of the same shape. */
  readonly smooth: (b: Builder, targets: Value, smoothing: number, classes: number) => Value;
  /** Logits -> scores, both [batch, classes]. */
  readonly scores: (b: Builder, logits: Value) => Value;
  /** Logits and targets [batch, classes] -> loss []. */
  readonly loss: (b: Builder, logits: Value, targets: Value) => Value;
}

/** t (1 - smoothing) + smoothing * uniform */
const blend = (b: Builder, targets: Value, smoothing: number, uniform: number): Value =>
  b.add(b.mul(targets, b.scalar(1 - smoothing)), b.scalar(smoothing * uniform));

export const objectives: { readonly [Kind in NormalizedSpec["objective"]]: LoweredObjective } = {
  "multi-label": {
    smooth: (b, targets, smoothing) => blend(b, targets, smoothing, 1 / 2),
    scores: (b, logits) => b.sigmoid(logits),
    /** Binary cross-entropy with logits, in the form that cannot overflow: max(x, 0) - x t + log(1 + exp(-|x|)). */
    loss: (b, logits, targets) => {
      const linear = b.sub(b.relu(logits), b.mul(logits, targets));
      const rest = b.log(b.add(b.exp(b.neg(b.abs(logits))), b.scalar(1)));
      return b.reduceMean(b.add(linear, rest), { axes: [0, 1], keepdims: 0 });
    },
  },
  "single-label": {
    smooth: (b, targets, smoothing, classes) => blend(b, targets, smoothing, 1 / classes),
    scores: (b, logits) => b.softmax(logits, { axis: -1 }),
    /** Cross-entropy against probabilities: the batch mean of sum(t (logsumexp(x) - x)). */
    loss: (b, logits, targets) => {
      const surprise = b.sub(b.reduceLogSumExp(logits, { axes: [1], keepdims: 1 }), logits);
      const perClip = b.reduceSum(b.mul(targets, surprise), { axes: [1], keepdims: 0 });
      return b.reduceMean(perClip, { axes: [0], keepdims: 0 });
    },
  },
};
