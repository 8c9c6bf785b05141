/**
 * Lengths and counts that depend on the batch and on the clips, with their arithmetic: sums of products of numbers and named
 * lengths. A tensor's length is affine in them (`26*batch`, `samples+480`); its element count, its bytes and what is computed with it are
 * products of lengths, and of the same kind.
 */
import * as v from "valibot";
import { list, oneOf, record, size } from "./schemas.ts";

/** A length that is known when a graph runs: clips of a batch, their samples, and those of the clips that are drawn for them. */
export type LengthName = "batch" | "samples" | "drawn_samples";

/** So many elements of a named length as lie between `from` and `to`: of one that may be shorter than a slice of it reaches. */
export interface Cut {
  readonly of: LengthName;
  readonly from: number;
  readonly to: number;
}

export interface Term {
  readonly times: number;
  /** Named lengths, or cuts of them. */
  readonly factors: readonly (LengthName | Cut)[];
}

/** A number, a named length or a sum. Each value has one form only: sums are made by the functions of this file. */
export type Dim = number | LengthName | { readonly terms: readonly Term[] };

export const lengthName = oneOf("batch", "samples", "drawn_samples");

const few = <const Item extends v.GenericSchema>(item: Item, most: number) =>
  v.pipe(list(item), v.maxLength(most, `a list of at most ${most}`));

const factor = v.union(
  [lengthName, record({ of: lengthName, from: size, to: size })],
  "a named length, or a cut of one",
);
const term = record({ times: size, factors: few(factor, 8) });

/** Of lengths that are 0 or more. */
export const dimSchema = v.union(
  [size, lengthName, record({ terms: few(term, 64) })],
  "a number of 0 or more, a named length, or a sum of products",
);

/** Of which one counts. */
export const dimsSchema = few(dimSchema, 64);

/** What is put for each named length. */
export type Lengths = { readonly [Name in LengthName]?: number };

const printFactor = (factor: LengthName | Cut): string =>
  typeof factor === "string" ? factor : `${factor.of}[${factor.from}..${factor.to}]`;

/** What terms have in common that are added up. */
const keyOf = ({ factors }: Term): string => factors.map(printFactor).join("*");

const printTerm = ({ times, factors }: Term): string =>
  [...(times === 1 && factors.length > 0 ? [] : [times]), ...factors.map(printFactor)].join("*");

const termsOf = (dim: Dim): readonly Term[] => {
  if (typeof dim === "number") return [{ times: dim, factors: [] }];
  return typeof dim === "string" ? [{ times: 1, factors: [dim] }] : dim.terms;
};

/** As messages, printed graphs and ONNX's `dim_param` have it: `12*batch*samples+480*batch`. */
export const printDim = (dim: Dim): string => termsOf(dim).map(printTerm).join("+");

/** In the alphabet's order, and the number without a length last. */
const compareFactors = (a: string, b: string): number => {
  if (a === "" || b === "" || a === b) return b.length - a.length;
  return a < b ? -1 : 1;
};

const addUp = (terms: readonly Term[]): Dim => {
  const sums = new Map<string, Term>();
  for (const term of terms) {
    const key = keyOf(term);
    sums.set(key, { ...term, times: term.times + (sums.get(key)?.times ?? 0) });
  }
  const summed = [...sums]
    .filter(([, { times }]) => times !== 0)
    .sort(([a], [b]) => compareFactors(a, b))
    .map(([, term]) => term);
  const [first, second] = summed;
  if (!first) return 0;
  const [factor] = first.factors;
  if (!second && factor === undefined) return first.times;
  if (!second && first.times === 1 && first.factors.length === 1 && typeof factor === "string") return factor;
  return { terms: summed };
};

const multiply = (a: Term, b: Term): Term => ({
  times: a.times * b.times,
  factors: [...a.factors, ...b.factors].sort((x, y) => compareFactors(printFactor(x), printFactor(y))),
});

export const sum = (dims: readonly Dim[]): Dim => addUp(dims.flatMap(termsOf));

/** Of all lengths of a shape: its element count. */
export const product = (dims: readonly Dim[]): Dim =>
  addUp(
    dims
      .map(termsOf)
      .reduce((all, next) => all.flatMap((a) => next.map((b) => multiply(a, b))), [{ times: 1, factors: [] }]),
  );

export const sameDim = (a: Dim, b: Dim): boolean =>
  typeof a === "object" && typeof b === "object" ? printDim(a) === printDim(b) : a === b;

/** What a length has at the least, whatever is put for the named ones. */
export const leastLength = (dim: Dim): number => termsOf(dim).find(({ factors }) => factors.length === 0)?.times ?? 0;

/**
 * The length of what a slice takes between `from` and `to`, as far as it is there; with n = c + s, where s is a named length,
 * min(n, to) - from = max(c - from, 0) + s[max(from - c, 0)..to - c].
 * @returns undefined for a length that is no named one, or cut of it, and a number
 */
export const cut = (dim: Dim, from: number, to: number): Dim | undefined => {
  const certain = leastLength(dim);
  if (to <= certain) return to - from;
  const [named, ...others] = termsOf(dim).filter(({ factors }) => factors.length > 0);
  const [factor] = named?.factors ?? [];
  if (!named || factor === undefined || others.length > 0 || named.times !== 1 || named.factors.length > 1)
    return undefined;
  const whole = typeof factor === "string" ? { of: factor, from: 0, to: Infinity } : factor;
  const part = {
    of: whole.of,
    from: whole.from + Math.max(from - certain, 0),
    to: Math.min(whole.to, whole.from + to - certain),
  };
  const rest: Dim = part.from < part.to ? { terms: [{ times: 1, factors: [part] }] } : 0;
  return sum([Math.max(certain - from, 0), rest]);
};

const lengthOf = (name: LengthName, lengths: Lengths): number => {
  const length = lengths[name];
  if (length === undefined) throw new Error(`no length is given for ${name}`);
  return length;
};

/** The number that a dim is for these lengths. */
export const evaluate = (dim: Dim, lengths: Lengths): number => {
  const factorOf = (factor: LengthName | Cut): number =>
    typeof factor === "string"
      ? lengthOf(factor, lengths)
      : Math.max(Math.min(lengthOf(factor.of, lengths), factor.to) - factor.from, 0);
  return termsOf(dim)
    .map(({ times, factors }) => factors.reduce((total, factor) => total * factorOf(factor), times))
    .reduce((total, term) => total + term, 0);
};

/** Whether a length is at most another one, term by term, whatever is put for the named ones; false where that cannot be told so. */
export const isAtMost = (a: Dim, b: Dim): boolean => {
  const most = new Map(termsOf(b).map((term) => [keyOf(term), term.times]));
  return termsOf(a).every((term) => term.times <= (most.get(keyOf(term)) ?? 0));
};
