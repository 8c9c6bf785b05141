/** Shape and dtype rules that several operators share. */
import { type Dim, product, sameDim } from "../artifact/dim.ts";
import type { TensorType } from "../ir/graph.ts";
import { printShape } from "../ir/shape.ts";
import { tensor, TypeRuleError } from "./op.ts";

/** ONNX's multidirectional (NumPy) broadcasting. */
export const broadcastShapes = (...shapes: readonly (readonly Dim[])[]): readonly Dim[] => {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = shapes.map((shape) => shape[shape.length - rank + axis] ?? 1).filter((dim) => dim !== 1);
    const [first = 1] = lengths;
    if (!lengths.every((dim) => sameDim(dim, first))) {
      throw new TypeRuleError(`shapes ${shapes.map(printShape).join(" and ")} do not broadcast`);
    }
    return first;
  });
};

export const requireSameDtype = (...types: readonly TensorType[]): TensorType["dtype"] => {
  const [first, ...others] = types.map(({ dtype }) => dtype);
  const different = others.find((dtype) => dtype !== first);
  if (different !== undefined) throw new TypeRuleError(`operands have different types: ${first} and ${different}`);
  return first ?? "float32";
};

export const requireDtype = (type: TensorType, dtype: TensorType["dtype"]): void => {
  if (type.dtype !== dtype) throw new TypeRuleError(`expected ${dtype}, got ${type.dtype}`);
};

export const requireScalar = (name: string, { shape }: TensorType): void => {
  if (shape.length > 0) throw new TypeRuleError(`${name} must be a scalar, got ${printShape(shape)}`);
};

/** The axis counted from the front. */
export const resolveAxis = (axis: number, rank: number): number => {
  const resolved = axis < 0 ? axis + rank : axis;
  if (resolved < 0 || resolved >= rank) throw new TypeRuleError(`axis ${axis} is outside a tensor of ${rank} axes`);
  return resolved;
};

/** A length that must be known at compile time. */
export const staticLength = (shape: readonly Dim[], axis: number): number => {
  const length = shape[axis];
  if (typeof length !== "number") throw new TypeRuleError(`axis ${axis} of ${printShape(shape)} has no fixed length`);
  return length;
};

export const withDim = (shape: readonly Dim[], axis: number, length: Dim): readonly Dim[] =>
  shape.map((dim, index) => (index === axis ? length : dim));

export const reducedShape = (shape: readonly Dim[], axes: readonly number[], keepdims: number): readonly Dim[] => {
  // ONNX takes no axes as all axes.
  if (axes.length === 0) throw new TypeRuleError("no axes to reduce");
  const reduced = new Set(axes.map((axis) => resolveAxis(axis, shape.length)));
  return keepdims
    ? shape.map((dim, axis) => (reduced.has(axis) ? 1 : dim))
    : shape.filter((_, axis) => !reduced.has(axis));
};

/** y has x's type. */
export const sameAsX = ({ x }: { readonly x: TensorType }): TensorType => x;

/** Two operands of one dtype, broadcast. */
export const broadcastPair = ({ a, b }: { readonly a: TensorType; readonly b: TensorType }): TensorType =>
  tensor(requireSameDtype(a, b), broadcastShapes(a.shape, b.shape));

/** So many operations per element of the first result. */
export const perElement =
  (operations: number) =>
  (_types: unknown, [y]: readonly TensorType[]): Dim =>
    y ? product([operations, ...y.shape]) : 0;

export const free = (): Dim => 0;
