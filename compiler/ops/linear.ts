/** Matrix products. */
import { type Dim, isAtMost, printDim, product, sameDim } from "../artifact/dim.ts";
import type { TensorType, Value } from "../ir/graph.ts";
import { printShape, sameShape } from "../ir/shape.ts";
import { everywhere, type Op, tensor, TypeRuleError } from "./op.ts";
import type { Emit } from "./table.ts";
import { broadcastShapes, requireSameDtype } from "./type-rules.ts";

const rows = (shape: readonly Dim[]): Dim => shape.at(-2) ?? 1;
const columns = (shape: readonly Dim[]): Dim => shape.at(-1) ?? 1;

const requireInner = (a: TensorType, b: TensorType, left: Dim, right: Dim): void => {
  if (!sameDim(left, right)) {
    throw new TypeRuleError(
      `${printShape(a.shape)} times ${printShape(b.shape)}: inner lengths ${printDim(left)} and ${printDim(right)}`,
    );
  }
};

const swapLast = (b: Emit, x: Value): Value => {
  const rank = x.type.shape.length;
  const perm = Array.from({ length: rank }, (_, axis) => axis);
  perm.splice(rank - 2, 2, rank - 1, rank - 2);
  return b.transpose(x, { perm });
};

/** Batched matrix product of tensors with two or more axes. */
export const matMul: Op<readonly ["a", "b"]> = {
  operands: ["a", "b"],
  infer: ({ a, b }) => {
    if (a.shape.length < 2 || b.shape.length < 2) throw new TypeRuleError("matMul takes two or more axes");
    requireInner(a, b, columns(a.shape), rows(b.shape));
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return tensor(requireSameDtype(a, b), [...batch, rows(a.shape), columns(b.shape)]);
  },
  gradient: ({ in: x, dy }, b) => ({
    a: () => b.matMul(dy, swapLast(b, x.b)),
    // A product goes slower through a factor that is read across its rows: where x.a is much the larger one, it is not.
    b: () =>
      isAtMost(product([8, columns(dy.type.shape)]), columns(x.a.type.shape))
        ? swapLast(b, b.matMul(swapLast(b, dy), x.a))
        : b.matMul(swapLast(b, x.a), dy),
  }),
  flops: ({ a }, [y]) => (y ? product([2, ...y.shape, columns(a.shape)]) : 0),
  onnx: { type: "MatMul", since: 13 },
  precision: "half",
  kernels: everywhere,
};

type GemmAttributes = { readonly transA: number; readonly transB: number };

const operandShape = ({ shape }: TensorType, transposed: number): readonly Dim[] =>
  transposed ? shape.toReversed() : shape;

/** a' b' + c of matrices, where ' transposes if the attribute says so; c broadcasts to the product's shape. */
export const gemm: Op<readonly ["a", "b", "c?"], GemmAttributes> = {
  operands: ["a", "b", "c?"],
  infer: ({ a, b, c }, { transA, transB }) => {
    if (a.shape.length !== 2 || b.shape.length !== 2) throw new TypeRuleError("gemm takes matrices");
    const left = operandShape(a, transA);
    const right = operandShape(b, transB);
    requireInner(a, b, columns(left), rows(right));
    const shape = [rows(left), columns(right)];
    if (c && !sameShape(broadcastShapes(shape, c.shape), shape)) {
      throw new TypeRuleError(`c of shape ${printShape(c.shape)} does not broadcast to ${printShape(shape)}`);
    }
    return tensor(requireSameDtype(a, b, ...(c ? [c] : [])), shape);
  },
  gradient: ({ in: x, dy, attributes: { transA, transB } }, b) => ({
    a: () =>
      transA
        ? b.gemm(x.b, dy, undefined, { transA: transB, transB: 1 })
        : b.gemm(dy, x.b, undefined, { transA: 0, transB: 1 - transB }),
    b: () =>
      transB
        ? b.gemm(dy, x.a, undefined, { transA: 1, transB: transA })
        : b.gemm(x.a, dy, undefined, { transA: 1 - transA, transB: 0 }),
    c: () => dy,
  }),
  flops: ({ a }, [y], { transA }) => (y ? product([2, ...y.shape, columns(operandShape(a, transA))]) : 0),
  onnx: { type: "Gemm", since: 13 },
  precision: "half",
  kernels: everywhere,
};
