/** Arithmetic on symbolic lengths: a dimension is a coefficient times a product of symbols. */
import type { Dim } from "./graph.ts";

interface Monomial {
  readonly coefficient: number;
  readonly symbols: readonly string[];
}

const parse = (dim: Dim): Monomial => {
  if (typeof dim === "number") return { coefficient: dim, symbols: [] };
  const factors = dim.split("*");
  const [first = ""] = factors;
  return /^\d+$/.test(first)
    ? { coefficient: Number(first), symbols: factors.slice(1) }
    : { coefficient: 1, symbols: factors };
};

const print = ({ coefficient, symbols }: Monomial): Dim => {
  if (symbols.length === 0 || coefficient === 0) return coefficient;
  return [...(coefficient === 1 ? [] : [coefficient]), ...symbols.toSorted()].join("*");
};

/** The product of all dimensions: a shape's element count. */
export const product = (dims: readonly Dim[]): Dim => {
  const monomials = dims.map(parse);
  return print({
    coefficient: monomials.reduce((total, { coefficient }) => total * coefficient, 1),
    symbols: monomials.flatMap(({ symbols }) => symbols),
  });
};

/** The dimension as a number, each symbol replaced by its value in `lengths` (default 1). */
export const evaluate = (dim: Dim, lengths: Readonly<Record<string, number>> = {}): number => {
  const { coefficient, symbols } = parse(dim);
  return symbols.reduce((total, symbol) => total * (lengths[symbol] ?? 1), coefficient);
};

/** A shape's element count for one clip. */
export const elements = (shape: readonly Dim[]): number => evaluate(product(shape));

export const isStatic = (dims: readonly Dim[]): dims is readonly number[] =>
  dims.every((dim) => typeof dim === "number");

export const sameShape = (a: readonly Dim[], b: readonly Dim[]): boolean =>
  a.length === b.length && a.every((dim, axis) => dim === b[axis]);

/** A shape for messages: `[batch, 146, 192]`. */
export const printShape = (shape: readonly Dim[]): string => `[${shape.join(", ")}]`;
