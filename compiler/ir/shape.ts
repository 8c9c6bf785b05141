/** Shapes: the lengths of a tensor's axes. */
import { type Dim, printDim, product, sameDim } from "../artifact/dim.ts";
import { bytesPerElement } from "../artifact/element-types.ts";
import type { Value } from "./graph.ts";

export const isStatic = (shape: readonly Dim[]): shape is readonly number[] =>
  shape.every((dim) => typeof dim === "number");

/** The element count of a shape that is known at compile time. */
export const elements = (shape: readonly Dim[]): number => {
  if (!isStatic(shape)) throw new Error(`${printShape(shape)} has no fixed element count`);
  return shape.reduce((total, length) => total * length, 1);
};

export const bytesOf = ({ type }: Pick<Value, "type">): Dim => product([bytesPerElement[type.dtype], ...type.shape]);

export const sameShape = (a: readonly Dim[], b: readonly Dim[]): boolean =>
  a.length === b.length && a.every((dim, axis) => sameDim(dim, b[axis] ?? 0));

/** A shape for messages: `[batch, 146, 192]`. */
export const printShape = (shape: readonly Dim[]): string => `[${shape.map(printDim).join(", ")}]`;
