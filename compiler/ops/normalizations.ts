/** Operators that normalise along the last axis. */
import { printDim, product } from "../artifact/dim.ts";
import { sameShape } from "../ir/shape.ts";
import { everywhere, type Op, tensor, TypeRuleError } from "./op.ts";
import { perElement, resolveAxis, withDim } from "./type-rules.ts";

/** exp(x) / sum(exp(x)) along `axis`. */
export const softmax: Op<readonly ["x"], { readonly axis: number }> = {
  operands: ["x"],
  infer: ({ x }, { axis }) => {
    resolveAxis(axis, x.shape.length);
    return x;
  },
  gradient: ({ out: { y }, dy, attributes: { axis } }, b) => ({
    x: () => b.mul(y, b.sub(dy, b.reduceSum(b.mul(dy, y), { axes: [axis], keepdims: 1 }))),
  }),
  flops: perElement(6),
  onnx: { type: "Softmax", since: 13 },
  precision: "full",
  kernels: everywhere,
};

/** (x - mean) * inverseDeviation * scale + bias over the last axis; both statistics are kept for the backward pass. */
export const layerNormalization: Op<
  readonly ["x", "scale", "bias"],
  { readonly axis: number; readonly epsilon: number },
  readonly ["y", "mean", "inverseDeviation"]
> = {
  operands: ["x", "scale", "bias"],
  results: ["y", "mean", "inverseDeviation"],
  infer: ({ x, scale, bias }, { axis }) => {
    const rank = x.shape.length;
    if (resolveAxis(axis, rank) !== rank - 1) throw new TypeRuleError("layerNormalization takes the last axis");
    const [width = 1] = x.shape.slice(-1);
    if (![scale, bias].every(({ shape }) => sameShape(shape, [width]))) {
      throw new TypeRuleError(`scale and bias must have the length ${printDim(width)} of the last axis`);
    }
    const statistic = tensor(x.dtype, withDim(x.shape, rank - 1, 1));
    return [x, statistic, statistic];
  },
  gradient: ({ in: { x, scale }, out: { mean, inverseDeviation }, dy, dys }, b) => {
    if (dys[1] ?? dys[2]) throw new TypeRuleError("the statistics of layerNormalization have no gradient");
    const last = { axes: [-1], keepdims: 1 };
    const normalized = b.mul(b.sub(x, mean), inverseDeviation);
    return {
      x: () => {
        const scaled = b.mul(dy, scale);
        const along = b.mul(normalized, b.reduceMean(b.mul(scaled, normalized), last));
        return b.mul(inverseDeviation, b.sub(b.sub(scaled, b.reduceMean(scaled, last)), along));
      },
      scale: () => b.mul(dy, normalized),
      bias: () => dy,
    };
  },
  flops: ({ x }) => product([8, ...x.shape]),
  onnx: { type: "LayerNormalization", since: 17, asFloats: ["epsilon"] },
  precision: "full",
  kernels: everywhere,
};
