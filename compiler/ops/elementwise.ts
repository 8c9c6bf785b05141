/** Elementwise operators. Binary ones broadcast; the central un-broadcasting of autodiff sums their gradients back. */
import { onnxTypeNumbers } from "../artifact/element-types.ts";
import type { TensorType } from "../ir/graph.ts";
import { everywhere, type Op, tensor, TypeRuleError } from "./op.ts";
import {
  broadcastPair,
  broadcastShapes,
  free,
  perElement,
  requireDtype,
  requireSameDtype,
  requireScalar,
  sameAsX,
} from "./type-rules.ts";

type Binary = Op<readonly ["a", "b"]>;
type Unary = Op<readonly ["x"]>;

export const add: Binary = {
  operands: ["a", "b"],
  infer: broadcastPair,
  gradient: ({ dy }) => ({ a: () => dy, b: () => dy }),
  flops: perElement(1),
  onnx: { type: "Add", since: 14 },
  precision: "follow",
  kernels: everywhere,
};

export const sub: Binary = {
  operands: ["a", "b"],
  infer: broadcastPair,
  gradient: ({ dy }, b) => ({ a: () => dy, b: () => b.neg(dy) }),
  flops: perElement(1),
  onnx: { type: "Sub", since: 14 },
  precision: "follow",
  kernels: everywhere,
};

export const mul: Binary = {
  operands: ["a", "b"],
  infer: broadcastPair,
  gradient: ({ in: x, dy }, b) => ({ a: () => b.mul(dy, x.b), b: () => b.mul(dy, x.a) }),
  flops: perElement(1),
  onnx: { type: "Mul", since: 14 },
  precision: "follow",
  kernels: everywhere,
};

export const div: Binary = {
  operands: ["a", "b"],
  infer: broadcastPair,
  gradient: ({ in: x, out, dy }, b) => ({
    a: () => b.div(dy, x.b),
    b: () => b.neg(b.mul(dy, b.div(out.y, x.b))),
  }),
  flops: perElement(1),
  onnx: { type: "Div", since: 14 },
  // A small divisor leaves float16's range.
  precision: "full",
  kernels: everywhere,
};

export const neg: Unary = {
  operands: ["x"],
  infer: sameAsX,
  gradient: ({ dy }, b) => ({ x: () => b.neg(dy) }),
  flops: perElement(1),
  onnx: { type: "Neg", since: 13 },
  precision: "follow",
  kernels: everywhere,
};

export const floor: Unary = {
  operands: ["x"],
  infer: sameAsX,
  gradient: "zero",
  flops: perElement(1),
  onnx: { type: "Floor", since: 13 },
  precision: "follow",
  kernels: everywhere,
};

/** Its derivative at 0 is taken from the left, as that of `relu`, so that relu(x) + log(1 + exp(-|x|)) is smooth. */
export const abs: Unary = {
  operands: ["x"],
  infer: sameAsX,
  gradient: ({ in: { x }, dy }, b) => ({ x: () => b.where(b.less(b.scalar(0), x), dy, b.neg(dy)) }),
  flops: perElement(1),
  onnx: { type: "Abs", since: 13 },
  precision: "follow",
  kernels: everywhere,
};

export const sqrt: Unary = {
  operands: ["x"],
  infer: sameAsX,
  gradient: ({ out, dy }, b) => ({ x: () => b.div(b.mul(dy, b.scalar(0.5)), out.y) }),
  flops: perElement(1),
  onnx: { type: "Sqrt", since: 13 },
  precision: "full",
  kernels: everywhere,
};

export const exp: Unary = {
  operands: ["x"],
  infer: sameAsX,
  gradient: ({ out, dy }, b) => ({ x: () => b.mul(dy, out.y) }),
  flops: perElement(4),
  onnx: { type: "Exp", since: 13 },
  precision: "full",
  kernels: everywhere,
};

export const log: Unary = {
  operands: ["x"],
  infer: sameAsX,
  gradient: ({ in: { x }, dy }, b) => ({ x: () => b.div(dy, x) }),
  flops: perElement(4),
  onnx: { type: "Log", since: 13 },
  precision: "full",
  kernels: everywhere,
};

/** d erf(x) / dx = 2 / sqrt(pi) * exp(-x^2). */
export const erf: Unary = {
  operands: ["x"],
  infer: sameAsX,
  gradient: ({ in: { x }, dy }, b) => ({
    x: () => b.mul(dy, b.mul(b.exp(b.neg(b.mul(x, x))), b.scalar(2 / Math.sqrt(Math.PI)))),
  }),
  flops: perElement(8),
  onnx: { type: "Erf", since: 13 },
  precision: "full",
  kernels: everywhere,
};

export const relu: Unary = {
  operands: ["x"],
  infer: sameAsX,
  gradient: ({ in: { x }, dy }, b) => ({ x: () => b.where(b.less(b.scalar(0), x), dy, b.scalar(0)) }),
  flops: perElement(1),
  onnx: { type: "Relu", since: 14 },
  precision: "follow",
  kernels: everywhere,
};

export const tanh: Unary = {
  operands: ["x"],
  infer: sameAsX,
  gradient: ({ out: { y }, dy }, b) => ({ x: () => b.mul(dy, b.sub(b.scalar(1), b.mul(y, y))) }),
  flops: perElement(4),
  onnx: { type: "Tanh", since: 13 },
  // 1 - y^2 cancels float16's digits, as does y (1 - y) of sigmoid.
  precision: "full",
  kernels: everywhere,
};

export const sigmoid: Unary = {
  operands: ["x"],
  infer: sameAsX,
  gradient: ({ out: { y }, dy }, b) => ({ x: () => b.mul(dy, b.mul(y, b.sub(b.scalar(1), y))) }),
  flops: perElement(4),
  onnx: { type: "Sigmoid", since: 13 },
  precision: "full",
  kernels: everywhere,
};

/** alpha x + beta, cut to [0, 1]. */
export const hardSigmoid: Op<readonly ["x"], { readonly alpha: number; readonly beta: number }> = {
  operands: ["x"],
  infer: sameAsX,
  gradient: ({ out: { y }, dy, attributes: { alpha } }, b) => ({
    x: () => {
      const isInside = b.less(b.mul(y, y), y);
      return b.where(isInside, b.mul(dy, b.scalar(alpha)), b.scalar(0));
    },
  }),
  flops: perElement(2),
  onnx: { type: "HardSigmoid", since: 6, asFloats: ["alpha", "beta"] },
  precision: "follow",
  kernels: everywhere,
};

/** x * Phi(x), exact. Its derivative is Phi(x) + x * phi(x), with the normal distribution's Phi and phi. */
export const gelu: Unary = {
  operands: ["x"],
  infer: sameAsX,
  gradient: ({ in: { x }, dy }, b) => ({
    x: () => {
      // With u = x / sqrt(2): Phi = (1 + erf(u)) / 2 and x phi = u exp(-u^2) / sqrt(pi), whose divisor the exponent takes in.
      const u = b.mul(x, b.scalar(Math.SQRT1_2));
      const cumulative = b.hardSigmoid(b.erf(u), { alpha: 0.5, beta: 0.5 });
      const bell = b.mul(u, b.exp(b.sub(b.scalar(-Math.log(Math.PI) / 2), b.mul(u, u))));
      return b.mul(dy, b.add(cumulative, bell));
    },
  }),
  flops: perElement(10),
  onnx: { type: "Gelu", since: 20 },
  // ONNX Runtime's WebGPU kernel (1.30) evaluates erf's polynomial in the type of x.
  precision: "full",
  kernels: everywhere,
};

/** max(x, min) with a scalar min. Where they are equal, the gradient is min's. */
export const clip: Op<readonly ["x", "min"]> = {
  operands: ["x", "min"],
  infer: ({ x, min }) => {
    requireScalar("min", min);
    return tensor(requireSameDtype(x, min), x.shape);
  },
  gradient: ({ in: { x, min }, dy }, b) => ({
    x: () => b.where(b.less(min, x), dy, b.scalar(0)),
    min: () => b.where(b.less(min, x), b.scalar(0), dy),
  }),
  flops: perElement(1),
  onnx: { type: "Clip", since: 13 },
  precision: "follow",
  kernels: everywhere,
};

const comparison = (type: string, since: number): Binary => ({
  operands: ["a", "b"],
  infer: ({ a, b }) => {
    requireSameDtype(a, b);
    return tensor("bool", broadcastShapes(a.shape, b.shape));
  },
  gradient: "zero",
  flops: perElement(1),
  onnx: { type, since },
  precision: "follow",
  kernels: everywhere,
});

export const less: Binary = comparison("Less", 13);
export const lessOrEqual: Binary = comparison("LessOrEqual", 16);
/** CUDA's kernel is registered for version 13 alone, so that later operator sets do not find it. */
export const equal: Binary = { ...comparison("Equal", 19), kernels: ["cpu", "webgpu"] };

/** condition ? a : b. */
export const where: Op<readonly ["condition", "a", "b"]> = {
  operands: ["condition", "a", "b"],
  infer: ({ condition, a, b }) => {
    requireDtype(condition, "bool");
    return tensor(requireSameDtype(a, b), broadcastShapes(condition.shape, a.shape, b.shape));
  },
  gradient: ({ in: { condition }, dy }, b) => ({
    a: () => b.where(condition, dy, b.scalar(0)),
    b: () => b.where(condition, b.scalar(0), dy),
  }),
  flops: perElement(1),
  onnx: { type: "Where", since: 16 },
  precision: "follow",
  kernels: everywhere,
};

export const cast: Op<readonly ["x"], { readonly to: number }> = {
  operands: ["x"],
  infer: ({ x }, { to }) => {
    const found = Object.entries(onnxTypeNumbers).find(([, number]) => number === to);
    if (!found) throw new TypeRuleError(`${to} is the number of no element type`);
    return tensor(found[0] as TensorType["dtype"], x.shape);
  },
  gradient: "zero",
  flops: free,
  onnx: { type: "Cast", since: 19 },
  precision: "follow",
  kernels: everywhere,
};
