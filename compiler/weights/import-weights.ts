/** Fills a model's parameters from a checkpoint, adapted to the spec as the reference adapts them (`ast_models.py`). */
import type { NormalizedSpec } from "../ir/normalized-spec.ts";
import type { State } from "../ir/graph.ts";
import type { Coverage, SourceCoverage, TargetCoverage } from "./coverage.ts";
import { functionWarnings, listNotes, poolingWarnings } from "./describe-differences.ts";
import { describeGeometry, placeNames } from "./facts/geometry.ts";
import { type ImportContext, type ImportOptions, type Plan, requireTensor } from "./import-context.ts";
import { initialize } from "./initialize.ts";
import { referenceName } from "./layouts/reference-name.ts";
import { matchClassifier } from "./match-classifier.ts";
import type { MatchedCheckpoint } from "./match-layout.ts";
import { hasZeroBias, isNorm, isReferenceName, planParameter, startsNorm, usesClassifier } from "./plan.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";
import { listNames } from "./readers/list-names.ts";

export interface ImportedWeights {
  /** A parameter's values, row-major. Throws CheckpointError when the file's bytes turn out to be corrupt. */
  readonly read: (state: State) => Float32Array;
  /** Complete once every parameter was read. */
  readonly coverage: () => Coverage;
}

const requireArchitecture = (context: ImportContext): void => {
  const { source, target } = context;
  const blocks = [...source.tensors.keys()].flatMap((name) => /^(?:v\.)?blocks\.(\d+)\./.exec(name)?.[1] ?? []);
  const [width] = requireTensor(context, "v.patch_embed.proj.weight").shape;
  const figures = [
    ["depth", new Set(blocks).size, target.depth],
    ["width", width, target.width],
    ["heads", source.facts.heads, target.heads],
  ] as const;
  const known = figures.filter(([, has, needs]) => has !== undefined && needs !== undefined);
  const wrong = known.filter(([, has, needs]) => has !== needs);
  if (wrong.length === 0) return;
  const has = known.map(([name, figure]) => `${name} ${figure}`).join(", ");
  const needs = known.map(([name, , figure]) => `${name} ${figure}`).join(", ");
  const fix = wrong.map(([name, figure]) => `${name} ${figure}`).join(" and ");
  throw new CheckpointError(source.path, `has ${has}, but the spec has ${needs}; the spec would need ${fix}`);
};

/** Names the whole extent of what is missing, not its first tensor. */
const requireTensors = (context: ImportContext, references: readonly string[]): void => {
  const { source, options } = context;
  const isNeeded = (name: string): boolean =>
    name.startsWith("v.") &&
    name !== "v.dist_token" &&
    (name !== "v.pos_embed" || options.positions !== "random") &&
    !(isNorm(name) && startsNorm(context)) &&
    !hasZeroBias(context, name) &&
    !source.tensors.has(name);
  const missing = references.filter(isNeeded);
  if (missing.length === 0) return;
  throw new CheckpointError(source.path, `lacks what the spec needs, as official AST names it: ${listNames(missing)}`);
};

/** The same norm at another place computes something else. */
const requireNormPlace = (context: ImportContext): void => {
  const { source, target } = context;
  const place = source.facts.norm;
  if (place === undefined || target.norm === undefined || place === target.norm || startsNorm(context)) return;
  const names = source.tensors.get("v.norm.weight")?.from.join(" + ") ?? "norm";
  const has = `has its norm (${names}) ${placeNames[place]}, but the spec's stands ${placeNames[target.norm]}`;
  const fix =
    place === "afterPooling"
      ? '; its network would end in meanOfPatches(), layerNorm({ eps: 1e-6 }), dense("classes")'
      : "";
  throw new CheckpointError(source.path, has + fix);
};

const whyInitialised = (context: ImportContext, reference: string): string => {
  const { classes, classifier } = context;
  const isClassifier = classifier !== undefined && reference.startsWith(`${classifier}.`);
  if (!isReferenceName(reference) && !isClassifier) return "new in this spec";
  if (reference === "v.pos_embed") return "random, as the spec says";
  if (isNorm(reference)) return "the checkpoint's stands before the mean of the tokens";
  if (!classes) return "the checkpoint has no audio classifier";
  if (classes.by === "name") return "the checkpoint has none of the spec's classes";
  return `${context.source.tensors.get(`${classifier}.weight`)?.shape[0]} -> ${classes.rows.length} classes`;
};

const whyDropped = (context: ImportContext, reference: string): string => {
  const { classes, classifier } = context;
  const isHead =
    reference.startsWith("mlp_head.") || (classifier !== undefined && reference.startsWith(`${classifier}.`));
  return classes && isHead && !usesClassifier(context) ? whyInitialised(context, reference) : "not in the spec";
};

/** A checkpoint may have tokens, positions and another head without the spec having a use for them. */
const mayBeLeft = (context: ImportContext, reference: string): boolean =>
  !reference.startsWith("v.") ||
  /^v\.(?:cls_token|dist_token|pos_embed)$/.test(reference) ||
  (isNorm(reference) && startsNorm(context));

const coverSources = (context: ImportContext, plans: readonly Plan[]): readonly SourceCoverage[] => {
  const { source } = context;
  const planOf = new Map<string, Plan>();
  // A tensor that also serves as a copy is first of all itself.
  for (const plan of plans) for (const name of plan.from) if (!planOf.has(name)) planOf.set(name, plan);
  const left = [...source.tensors].filter(
    ([reference, { from }]) => !from.some((name) => planOf.has(name)) && !mayBeLeft(context, reference),
  );
  if (left.length > 0) {
    const names = listNames(left.flatMap(([, { from }]) => from));
    throw new CheckpointError(source.path, `has tensors that the spec has no place for: ${names}`);
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
  const dropped = source.dropped.map(({ name, shape, note }): SourceCoverage => ({
    name,
    shape,
    status: "dropped",
    note,
  }));
  return [...matched, ...dropped];
};

/** By name alone: rows in order, or none, are told otherwise. */
const describeClasses = ({ classes }: ImportContext, names: readonly string[]): Pick<Coverage, "classes"> => {
  if (classes?.by !== "name") return {};
  const { rows, dropped, initialised } = classes;
  return { classes: { kept: names.filter((_, index) => rows[index] !== undefined), initialised, dropped } };
};

/**
 * @param states the model's parameters
 * @throws CheckpointError when the checkpoint is broken, or its architecture not the spec's
 */
export const importWeights = (
  source: MatchedCheckpoint,
  options: ImportOptions,
  spec: NormalizedSpec,
  states: readonly State[],
): ImportedWeights => {
  const target = describeGeometry(spec);
  const given = { source, target, options };
  const context: ImportContext = { ...given, ...matchClassifier(given, spec.classes, states) };
  const referenceOf = ({ value }: State): string => referenceName(value.name) ?? value.name;
  requireArchitecture(context);
  requireNormPlace(context);
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
    ...(source.notRead ?? []).map((name) => `${name} in the same folder is not read`),
    ...(context.classes?.warnings ?? []),
    ...(source.facts.warnings ?? []),
    ...poolingWarnings(context),
    ...functionWarnings(context, spec),
    ...[...plans.values()].flatMap(({ warning }) => warning ?? []),
  ];
  const read = (state: State): Float32Array => {
    const plan = plans.get(state.value.name);
    const initial = (): Float32Array => initialize(state, spec.recipe.seed);
    if (!plan) return initial();
    const values = plan.read(initial);
    const broken = values.reduce((total, value) => (Number.isFinite(value) ? total : total + 1), 0);
    if (broken > 0) warnings.push(`${plan.from.join(" + ")} has ${broken} values that are not finite`);
    return values;
  };
  const coverage = (): Coverage => ({
    file: source.path,
    layout: source.layout.name,
    taken: source.taken,
    others: source.others,
    leftOut: source.leftOut,
    sources,
    targets,
    ...describeClasses(context, spec.classes),
    notes: listNotes(context, spec),
    warnings,
  });
  return { read, coverage };
};
