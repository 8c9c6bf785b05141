/** Operators that reduce axes. Their gradients broadcast back over the reduced axes. */
import { type Dim, product } from "../artifact/dim.ts";
import { elements, isStatic } from "../ir/shape.ts";
import type { TensorType, Value } from "../ir/graph.ts";
import { everywhere, type Op, tensor } from "./op.ts";
import type { Emit } from "./table.ts";
import { reducedShape, resolveAxis } from "./type-rules.ts";

type ReductionAttributes = { readonly axes: readonly number[]; readonly keepdims: number };
type Reduction = Op<readonly ["x"], ReductionAttributes>;

const infer = ({ x }: { readonly x: TensorType }, { axes, keepdims }: ReductionAttributes): TensorType =>
  tensor(x.dtype, reducedShape(x.shape, axes, keepdims));

const flops = ({ x }: { readonly x: TensorType }): Dim => product(x.shape);

/** The reduced tensor with its reduced axes kept at length 1, so that it broadcasts against x. */
const keepAxes = (b: Emit, reduced: Value, x: Value, { axes }: ReductionAttributes): Value =>
  b.reshape(reduced, { shape: reducedShape(x.type.shape, axes, 1) });

export const reduceSum: Reduction = {
  operands: ["x"],
  infer,
  gradient: ({ in: { x }, dy, attributes }, b) => ({
    x: () => b.expand(keepAxes(b, dy, x, attributes), b.shape(x), { to: x.type.shape }),
  }),
  flops,
  onnx: { type: "ReduceSum", since: 13, inputs: ["x", "axes"] },
  precision: "full",
  kernels: everywhere,
};

/**
 * How many elements of x went into each element of y. Where that depends on the batch, ones are counted: ONNX Runtime 1.30
 * has no WebGPU kernel for Size, nor one that casts int64.
 */
const reducedCount = (b: Emit, x: Value, { axes }: ReductionAttributes): Value => {
  const lengths = axes.map((axis) => x.type.shape[resolveAxis(axis, x.type.shape.length)] ?? 1);
  if (isStatic(lengths)) return b.scalar(elements(lengths));
  return b.reduceSum(b.expand(b.scalar(1), b.shape(x), { to: x.type.shape }), { axes, keepdims: 1 });
};

export const reduceMean: Reduction = {
  operands: ["x"],
  infer,
  gradient: ({ in: { x }, dy, attributes }, b) => ({
    x: () => {
      const share = b.div(keepAxes(b, dy, x, attributes), reducedCount(b, x, attributes));
      return b.expand(share, b.shape(x), { to: x.type.shape });
    },
  }),
  flops,
  onnx: { type: "ReduceMean", since: 18, inputs: ["x", "axes"] },
  precision: "full",
  kernels: everywhere,
};

/** Where several are the greatest, each has the same share of the gradient, as PyTorch's `amax` has it. */
export const reduceMax: Reduction = {
  operands: ["x"],
  infer,
  gradient: ({ in: { x }, out: { y }, dy, attributes }, b) => ({
    x: () => {
      const isLess = b.less(x, keepAxes(b, y, x, attributes));
      const greatest = b.where(isLess, b.scalar(0), b.expand(b.scalar(1), b.shape(x), { to: x.type.shape }));
      const count = b.reduceSum(greatest, { axes: attributes.axes, keepdims: 1 });
      return b.mul(greatest, b.div(keepAxes(b, dy, x, attributes), count));
    },
  }),
  flops,
  onnx: { type: "ReduceMax", since: 20, inputs: ["x", "axes"] },
  precision: "full",
  kernels: everywhere,
};

/** log(sum(exp(x))), computed without overflow. */
export const reduceLogSumExp: Reduction = {
  operands: ["x"],
  infer,
  gradient: ({ in: { x }, out: { y }, dy, attributes }, b) => ({
    x: () => b.mul(keepAxes(b, dy, x, attributes), b.exp(b.sub(x, keepAxes(b, y, x, attributes)))),
  }),
  flops: ({ x }) => product([6, ...x.shape]),
  onnx: { type: "ReduceLogSumExp", since: 18, inputs: ["x", "axes"] },
  precision: "full",
  kernels: everywhere,
};
