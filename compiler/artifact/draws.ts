/**
 * The training program's random inputs: what each is drawn from, clip by clip. Who runs the program knows these distributions,
 * and nothing of what they are for.
 */
import * as v from "valibot";
import { type Dim, evaluate, lengthName, type Lengths, mostLength, sumSchema } from "./dim.ts";
import { count, type Immutable, list, name, number, oneOf, real, record, whole } from "./schemas.ts";

/** Whole numbers that float32 holds with a few binary places to spare. */
const integer = whole(-(2 ** 20), 2 ** 20);

const distributionSchema = v.variant(
  "kind",
  [
    /** Real numbers in [from, to), in steps of 2^-24 of the range, rounded to float32. */
    record({ kind: v.literal("uniform"), from: real, to: real }),
    /** Whole numbers from `from` to `to`, both included. */
    record({ kind: v.literal("integer"), from: integer, to: integer }),
    /** 1 with this chance, else 0. */
    record({ kind: v.literal("bernoulli"), chance: number(0, 1) }),
    record({ kind: v.literal("normal"), mean: real, deviation: number(0, 1e30) }),
    /** Beta(alpha, alpha): between 0 and 1, symmetric about 1/2. */
    record({ kind: v.literal("beta"), alpha: number(0, 1e9) }),
    /**
     * [batch, 2]: a stretch of `within` places, from its first to the one after its last. Its length is a uniform real below
     * `widest`, its first place a uniform real below what the length leaves of `within`, both cut to whole numbers: as
     * torchaudio's `mask_along_axis`, which cuts them only at the end.
     */
    record({ kind: v.literal("span"), widest: count, within: count }),
    /** [batch, k]: k of the places 0 to `of` - 1, each as likely, in ascending order. */
    record({ kind: v.literal("subset"), of: count }),
    /**
     * [batch, drawn_samples]: the waveform of a training clip, each as likely, filled up as those of a batch are. `where`: the
     * input before it, by bernoulli, that says for which clips; the others get one sample of silence. null: for all.
     */
    record({ kind: v.literal("clip"), where: v.nullable(name) }),
    /** [batch, classes]: the targets of the clips of the input `of`, before it; those of silence are 0. */
    record({ kind: v.literal("targets"), of: name }),
  ],
  "one of the kinds uniform, integer, bernoulli, normal, beta, span, subset, clip, targets",
);

const shapeSchema = list(v.union([count, lengthName, sumSchema], "a count, a named length, or a sum of products"));

const drawSchema = record({
  /** The input's name in the graph. */
  input: name,
  dtype: oneOf("float32"),
  /** First the batch: each clip has draws of its own. Of lengths that depend on the batch's samples it has the first ones. */
  shape: shapeSchema,
  distribution: distributionSchema,
});

export type Distribution = Immutable<v.InferOutput<typeof distributionSchema>>;
export type Draw = Immutable<v.InferOutput<typeof drawSchema>>;
type Dims = readonly Dim[];

/** What a clip has at most, in all draws together: they bound what a damaged or hostile file has the runtime draw. */
const mostDraws = 1024;
const mostValues = 2 ** 24;

/** Half of that, which leaves the other to augmentations: what a network's layers have at most. */
export const mostOfLayers = { draws: mostDraws / 2, valuesPerClip: mostValues / 2 } as const;

/** The lengths of an input but for the batch. */
export const lengthsPerClip = ({ shape }: Pick<Draw, "shape">, lengths: Lengths): readonly number[] =>
  shape.slice(1).map((dim) => evaluate(dim, lengths));

/** How many values a clip has in an input of this shape, at the most; a waveform's are its own. */
const mostPerClip = ({ shape }: Pick<Draw, "shape">): number =>
  shape.slice(1).reduce<number>((product, dim) => product * (dim === "drawn_samples" ? 1 : mostLength(dim)), 1);

/** Of each clip's own, or one that the batch's samples decide. */
const isLength = (dim: Dim): boolean => typeof dim === "number" || typeof dim === "object";

/** The shapes that a distribution has, in words, and whether this is one. */
const shapeRules: {
  readonly [Kind in Distribution["kind"]]?: readonly [expected: string, isRight: (rest: Dims) => boolean];
} = {
  span: ['["batch",2]', (rest) => rest.length === 1 && rest[0] === 2],
  subset: ['["batch", count]', (rest) => rest.length === 1 && typeof rest[0] === "number"],
  clip: ['["batch","drawn_samples"]', (rest) => rest.length === 1 && rest[0] === "drawn_samples"],
  targets: ['["batch", classes]', (rest) => rest.length === 1 && typeof rest[0] === "number"],
};
const anyLengths = ['["batch", lengths ...]', (rest: Dims) => rest.every(isLength)] as const;

/** What a distribution lacks that its entries alone do not show. */
const distributionProblem = ({ distribution, shape }: Draw, before: readonly Draw[]): string | undefined => {
  const earlier = (name: string): Draw | undefined => before.find(({ input }) => input === name);
  switch (distribution.kind) {
    case "uniform":
    case "integer":
      return distribution.from <= distribution.to ? undefined : "from that is not above to";
    case "span":
      return distribution.widest <= distribution.within ? undefined : "widest that is not above within";
    case "subset":
      return Number(shape[1]) <= distribution.of ? undefined : "of that is not below the count";
    case "clip": {
      if (distribution.where === null) return undefined;
      const chance = earlier(distribution.where);
      return chance?.distribution.kind === "bernoulli" && chance.shape.length === 1
        ? undefined
        : "where to be an input before it, by bernoulli, one value a clip";
    }
    case "targets":
      return earlier(distribution.of)?.distribution.kind === "clip"
        ? undefined
        : "of to be an input before it, by clip";
    case "bernoulli":
    case "normal":
    case "beta":
      return undefined;
  }
};

interface Problem {
  readonly key: "input" | "shape" | "distribution";
  readonly expected: string;
}

/** @param before the draws before it in the list */
const problemOf = (draw: Draw, before: readonly Draw[]): Problem | undefined => {
  const { input, shape, distribution } = draw;
  if (before.some((other) => other.input === input)) return { key: "input", expected: "names that differ" };
  const [first, ...rest] = shape;
  const [shapes, isRight] = shapeRules[distribution.kind] ?? anyLengths;
  if (first !== "batch" || !isRight(rest)) return { key: "shape", expected: shapes };
  const values = [...before, { shape }].reduce((sum, each) => sum + mostPerClip(each), 0);
  if (values > mostValues)
    return { key: "shape", expected: `at most ${mostValues} values a clip, with those before it` };
  const expected = distributionProblem(draw, before);
  return expected === undefined ? undefined : { key: "distribution", expected };
};

/** In an order in which each draws only on those before it. */
export const drawsSchema = v.pipe(
  list(drawSchema),
  v.maxLength(mostDraws, `a list of at most ${mostDraws}`),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || dataset.issues) return;
    const draws = dataset.value;
    draws.forEach((draw, index) => {
      const problem = problemOf(draw, draws.slice(0, index));
      if (!problem) return;
      const { key, expected } = problem;
      addIssue({
        message: expected,
        input: draw[key],
        path: [
          { type: "array", origin: "value", input: draws, key: index, value: draw },
          { type: "object", origin: "value", input: draw, key, value: draw[key] },
        ],
      });
    });
  }),
);
