/**
 * Lengths and counts that depend on the batch and on the clips, with their arithmetic: sums of products of numbers and named
 * lengths. A tensor's length is affine in them (`26*batch`, `samples+480`); its element count, its bytes and what is computed with it are
 * products of lengths, and of the same kind.
 */
import * as v from "valibot";
import { length, list, oneOf, record, size } from "./schemas.ts";

/** A length that is known when a graph runs: clips of a batch, their samples, and those of the clips that are drawn for them. */
export type LengthName = "batch" | "samples" | "drawn_samples";

/**
 * So many elements of a named length as lie between `from` and `to`: of one that may be shorter than a slice of it reaches. With
 * `by`, so many whole steps of that many elements.
 */
export interface Cut {
  readonly of: LengthName;
  readonly from: number;
  readonly to: number;
  /** 2 or more; missing for 1. */
  readonly by?: number;
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
  [lengthName, record({ of: lengthName, from: size, to: size, by: v.exactOptional(length) })],
  "a named length, or a cut of one",
);
const term = record({ times: size, factors: few(factor, 8) });

/** A sum of products. */
export const sumSchema = record({ terms: few(term, 64) });

/** Of lengths that are 0 or more. */
export const dimSchema = v.union(
  [size, lengthName, sumSchema],
  "a number of 0 or more, a named length, or a sum of products",
);

/** Of which one counts. */
export const dimsSchema = few(dimSchema, 64);

/** What is put for each named length. */
export type Lengths = { readonly [Name in LengthName]?: number };

export const printFactor = (factor: LengthName | Cut): string =>
  typeof factor === "string"
    ? factor
    : `${factor.of}[${factor.from}..${factor.to}]${factor.by === undefined ? "" : `/${factor.by}`}`;

/** What terms have in common that are added up. */
const keyOf = ({ factors }: Term): string => factors.map(printFactor).join("*");

export const printTerm = ({ times, factors }: Term): string =>
  [...(times === 1 && factors.length > 0 ? [] : [times]), ...factors.map(printFactor)].join("*");

export const termsOf = (dim: Dim): readonly Term[] => {
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

/** What a length has more than another; `isAtMost` tells whether it has. */
export const difference = (a: Dim, b: Dim): Dim => sum([a, product([-1, b])]);

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

/** What a length has at the most, whatever is put for the named ones: Infinity where nothing bounds it. */
export const mostLength = (dim: Dim): number =>
  termsOf(dim)
    .map(({ times, factors }) =>
      factors.reduce(
        (most, factor) =>
          most * (typeof factor === "string" ? Infinity : Math.floor((factor.to - factor.from) / (factor.by ?? 1))),
        times,
      ),
    )
    .reduce((total, most) => total + most, 0);

/** A length that is one named length, or cut of it, and a number, as floor(clamp(of - from, 0, to - from) / by) + certain. */
const asCut = (dim: Dim): (Required<Cut> & { readonly certain: number }) | undefined => {
  const certain = leastLength(dim);
  const [named, ...others] = termsOf(dim).filter(({ factors }) => factors.length > 0);
  const [factor] = named?.factors ?? [];
  if (!named || factor === undefined || others.length > 0 || named.times !== 1 || named.factors.length > 1)
    return undefined;
  return typeof factor === "string"
    ? { of: factor, from: 0, to: Infinity, by: 1, certain }
    : { by: 1, ...factor, certain };
};

const fromCut = ({ of, from, to, by }: Required<Cut>): Dim => {
  if (from >= to) return 0;
  if (from === 0 && to === Infinity && by === 1) return of;
  return { terms: [{ times: 1, factors: [by === 1 ? { of, from, to } : { of, from, to, by }] }] };
};

/**
 * The length of what a slice takes between `from` and `to`, as far as it is there; with n = c + s, where s is a named length,
 * min(n, to) - from = max(c - from, 0) + s[max(from - c, 0)..to - c].
 * @returns undefined for a length that is no named one, or cut of it, and a number
 */
export const cut = (dim: Dim, from: number, to: number): Dim | undefined => {
  const certain = leastLength(dim);
  if (to <= certain) return to - from;
  const whole = asCut(dim);
  if (!whole) return undefined;
  const part = {
    ...whole,
    from: whole.from + Math.max(from - certain, 0) * whole.by,
    to: Math.min(whole.to, whole.from + (to - certain) * whole.by),
  };
  return sum([Math.max(certain - from, 0), fromCut(part)]);
};

/**
 * How many whole steps of `by` lie in a length after its first `first` elements: max(floor((n - first) / by), 0). The steps of steps
 * are steps of the named length: floor((floor(u / a) + r) / b) = floor((u + a r) / (a b)).
 * @throws for a length that is no named one, or cut of it, and a number
 */
export const wholeSteps = (dim: Dim, first: number, by: number): Dim => {
  if (typeof dim === "number") return Math.max(Math.floor((dim - first) / by), 0);
  const whole = asCut(dim);
  if (!whole) throw new Error(`steps of ${printDim(dim)} are not known`);
  const before = whole.certain - first;
  const certain = Math.max(Math.floor(before / by), 0);
  const from = whole.from - (before - certain * by) * whole.by;
  if (from < 0) throw new Error(`steps of ${printDim(dim)} begin before it`);
  return sum([certain, fromCut({ of: whole.of, from, to: whole.to, by: whole.by * by })]);
};

const lengthOf = (name: LengthName, lengths: Lengths): number => {
  const given = lengths[name];
  if (given === undefined) throw new Error(`no length is given for ${name}`);
  return given;
};

/** The number that a dim is for these lengths. */
export const evaluate = (dim: Dim, lengths: Lengths): number => {
  const factorOf = (factor: LengthName | Cut): number =>
    typeof factor === "string"
      ? lengthOf(factor, lengths)
      : Math.floor(Math.max(Math.min(lengthOf(factor.of, lengths), factor.to) - factor.from, 0) / (factor.by ?? 1));
  return termsOf(dim)
    .map(({ times, factors }) => factors.reduce((total, factor) => total * factorOf(factor), times))
    .reduce((total, term) => total + term, 0);
};

/** What takes the place of a cut that is no more than that: factors, and what is counted besides them. */
interface Bound {
  /** Of the factors. */
  readonly times: number;
  readonly factors: Term["factors"];
  readonly rest: number;
}

type Relaxation = (cut: Required<Cut>) => Bound | undefined;

/** As long as it gets. */
const toNumber: Relaxation = ({ from, to, by }) => ({ times: 0, factors: [], rest: Math.floor((to - from) / by) });
const toNamed: Relaxation = ({ of, by }) => ({ times: 1 / by, factors: [of], rest: 0 });
/** floor(u / (a b)) <= floor(u / a) / b, where a cut begins no later and ends no earlier. */
const toFiner =
  (finer: Cut): Relaxation =>
  ({ of, from, to, by }) => {
    const step = finer.by ?? 1;
    if (finer.of !== of || finer.to < to || by % step !== 0) return undefined;
    const share = step / by;
    return { times: share, factors: [finer], rest: share * Math.ceil(Math.max(finer.from - from, 0) / step) };
  };

const relaxTerm = ({ times, factors }: Term, relax: Relaxation): Dim =>
  product([
    times,
    ...factors.map((factor): Dim => {
      const bound = typeof factor === "string" ? undefined : relax({ by: 1, ...factor });
      if (!bound) return { terms: [{ times: 1, factors: [factor] }] };
      return sum([{ terms: [{ times: bound.times, factors: bound.factors }] }, bound.rest]);
    }),
  ]);

/** Whether a length is at most another one, whatever is put for the named ones; false where that cannot be told term by term. */
export const isAtMost = (a: Dim, b: Dim): boolean => {
  const excess = termsOf(difference(a, b));
  const cuts = termsOf(b).flatMap(({ factors }) => factors.filter((factor) => typeof factor !== "string"));
  return [toNamed, toNumber, ...cuts.map(toFiner)].some((relax) => {
    const relaxed = excess.map((term): Dim => (term.times > 0 ? relaxTerm(term, relax) : { terms: [term] }));
    return termsOf(sum(relaxed)).every(({ times }) => times <= 0);
  });
};
