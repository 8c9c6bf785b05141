/** Fills a model's parameters from a checkpoint, adapted to the spec as the reference adapts them (`ast_models.py`). */
import type { NormalizedSpec } from "../frontend/normalized-spec.ts";
import type { State } from "../ir/graph.ts";
import type { Coverage, SourceCoverage, TargetCoverage } from "./coverage.ts";
import { describeGeometry } from "./geometry.ts";
import { initialize } from "./initialize.ts";
import { referenceName } from "./layouts/reference-name.ts";
import { listNames, matchLayout } from "./match-layout.ts";
import {
  type ImportContext,
  type ImportOptions,
  isReferenceName,
  type Plan,
  planParameter,
  requireTensor,
  sourceClassCount,
} from "./plan.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";
import { locateCheckpoint } from "./readers/locate-checkpoint.ts";
import { openCheckpoint } from "./readers/open-checkpoint.ts";

export interface ImportedWeights {
  /** A parameter's values, row-major. Throws CheckpointError when the file's bytes turn out to be corrupt. */
  readonly read: (state: State) => Float32Array;
  /** Complete once every parameter was read. */
  readonly coverage: () => Coverage;
}

const requireArchitecture = (context: ImportContext): void => {
  const { path, source, target } = context;
  const blocks = [...source.tensors.keys()].flatMap((name) => /^v\.blocks\.(\d+)\./.exec(name)?.[1] ?? []);
  const [width] = requireTensor(context, "v.patch_embed.proj.weight").shape;
  const figures = [
    ["depth", new Set(blocks).size, target.depth],
    ["width", width, target.width],
    ["heads", source.geometry.heads, target.heads],
  ] as const;
  const known = figures.filter(([, has, needs]) => has !== undefined && needs !== undefined);
  const wrong = known.filter(([, has, needs]) => has !== needs);
  if (wrong.length === 0) return;
  const has = known.map(([name, figure]) => `${name} ${figure}`).join(", ");
  const needs = known.map(([name, , figure]) => `${name} ${figure}`).join(", ");
  const fix = wrong.map(([name, figure]) => `${name} ${figure}`).join(" and ");
  throw new CheckpointError(path, `has ${has}, but the spec has ${needs}; the spec would need ${fix}`);
};

/** Names the whole extent of what is missing, not its first tensor. */
const requireTensors = ({ path, source, options }: ImportContext, references: readonly string[]): void => {
  const isNeeded = (name: string): boolean =>
    name.startsWith("v.") &&
    name !== "v.dist_token" &&
    (name !== "v.pos_embed" || options.positions !== "random") &&
    !source.tensors.has(name);
  const missing = references.filter(isNeeded);
  if (missing.length === 0) return;
  throw new CheckpointError(path, `lacks what the spec needs, as official AST names it: ${listNames(missing)}`);
};

const whyInitialised = (context: ImportContext, reference: string): string => {
  if (!isReferenceName(reference)) return "new in this spec";
  if (reference === "v.pos_embed") return "random, as the spec says";
  const classes = sourceClassCount(context);
  return classes === undefined
    ? "the checkpoint has no audio classifier"
    : `${classes} -> ${context.classCount} classes`;
};

const whyDropped = (context: ImportContext, reference: string): string => {
  const isOtherHead = reference.startsWith("mlp_head.") && sourceClassCount(context) !== context.classCount;
  return isOtherHead ? whyInitialised(context, reference) : "not in the spec";
};

/** A checkpoint may have tokens, positions and another head without the spec having a use for them. */
const mayBeLeft = (reference: string): boolean =>
  !reference.startsWith("v.") || /^v\.(?:cls_token|dist_token|pos_embed)$/.test(reference);

const coverSources = (context: ImportContext, plans: readonly Plan[]): readonly SourceCoverage[] => {
  const { path, source } = context;
  const planOf = new Map<string, Plan>();
  // A tensor that also serves as a copy is first of all itself.
  for (const plan of plans) for (const name of plan.from) if (!planOf.has(name)) planOf.set(name, plan);
  const left = [...source.tensors].filter(
    ([reference, { from }]) => !from.some((name) => planOf.has(name)) && !mayBeLeft(reference),
  );
  if (left.length > 0) {
    const names = listNames(left.flatMap(([, { from }]) => from));
    throw new CheckpointError(path, `has tensors that the spec has no place for: ${names}`);
  }
  const matched = [...source.tensors].flatMap(([reference, { from }]) =>
    from.map((name): SourceCoverage => {
      const { shape = [] } = source.entries.get(name) ?? {};
      const plan = planOf.get(name);
      if (!plan) return { name, shape, status: "dropped", note: whyDropped(context, reference) };
      return plan.note === undefined
        ? { name, shape, status: "used" }
        : { name, shape, status: "resized", note: plan.note };
    }),
  );
  const dropped = source.dropped.map(({ name, shape }): SourceCoverage => ({
    name,
    shape,
    status: "dropped",
    note: "of no use to AST",
  }));
  return [...matched, ...dropped];
};

/**
 * @param checkpoint a file, or a folder as Hugging Face has them
 * @param states the model's parameters
 * @throws CheckpointError when the file is broken, its layout unknown, or its architecture not the spec's
 */
export const importWeights = (
  checkpoint: string,
  options: ImportOptions,
  spec: NormalizedSpec,
  states: readonly State[],
): ImportedWeights => {
  const { file: path, notRead } = locateCheckpoint(checkpoint);
  const source = matchLayout(openCheckpoint(path), path, options.from);
  const target = describeGeometry(spec);
  const context: ImportContext = { path, source, target, options, classCount: spec.classes.length };
  const referenceOf = ({ value }: State): string => referenceName(value.name) ?? value.name;
  requireArchitecture(context);
  requireTensors(context, states.map(referenceOf));

  const plans = new Map<string, Plan>();
  const targets = states.map((state): TargetCoverage => {
    const { name, type } = state.value;
    const reference = referenceOf(state);
    const shape = type.shape.map(Number);
    const plan = planParameter(context, reference, shape);
    if (!plan) return { name, shape, status: "initialised", from: [], note: whyInitialised(context, reference) };
    plans.set(name, plan);
    const { from, note } = plan;
    return { name, shape, status: "filled", from, ...(note === undefined ? {} : { note }) };
  });
  const sources = coverSources(context, [...plans.values()]);

  const warnings = [
    ...notRead.map((name) => `${name} in the same folder is not read`),
    ...[...plans.values()].flatMap(({ warning }) => warning ?? []),
  ];
  const read = (state: State): Float32Array => {
    const plan = plans.get(state.value.name);
    if (!plan) return initialize(state, spec.seed);
    const values = plan.read();
    const broken = values.reduce((total, value) => (Number.isFinite(value) ? total : total + 1), 0);
    if (broken > 0) warnings.push(`${plan.from.join(" + ")} has ${broken} values that are not finite`);
    return values;
  };
  return {
    read,
    coverage: () => ({
      file: path,
      layout: source.layout.name,
      taken: source.taken,
      others: source.others,
      leftOut: source.leftOut,
      sources,
      targets,
      warnings,
    }),
  };
};
