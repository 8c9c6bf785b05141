/** Fills a model's parameters from a checkpoint, adapted to the spec as the reference adapts them (`ast_models.py`). */
import type { NormalizedSpec } from "../frontend/normalized-spec.ts";
import type { State } from "../ir/graph.ts";
import type { Coverage, SourceCoverage, TargetCoverage } from "./coverage.ts";
import { initialize } from "./initialize.ts";
import { referenceName } from "./layouts/reference-name.ts";
import { matchLayout } from "./match-layout.ts";
import {
  type ImportContext,
  type ImportOptions,
  type Plan,
  planParameter,
  requireTensor,
  sourceClassCount,
} from "./plan.ts";
import { CheckpointError } from "./readers/checkpoint-error.ts";
import { openCheckpoint } from "./readers/open-checkpoint.ts";
import { describeTarget } from "./target.ts";

export interface ImportedWeights {
  /** A parameter's values, row-major. Throws CheckpointError when the file's bytes turn out to be corrupt. */
  readonly read: (state: State) => Float32Array;
  /** Complete once every parameter was read. */
  readonly coverage: () => Coverage;
}

const requireArchitecture = (context: ImportContext, width: number): void => {
  const { path, source, target } = context;
  const sourceWidth = requireTensor(context, "v.cls_token").shape.at(-1);
  const blocks = [...source.tensors.keys()].flatMap((name) => /^v\.blocks\.(\d+)\./.exec(name)?.[1] ?? []);
  const depth = new Set(blocks).size;
  const needs = [
    ...(sourceWidth === width ? [] : [`width ${sourceWidth}`]),
    ...(depth === target.depth ? [] : [`depth ${depth}`]),
  ];
  if (needs.length === 0) return;
  const mismatch = `has ${depth} blocks of width ${sourceWidth}, but the spec has ${target.depth} of width ${width}`;
  throw new CheckpointError(path, `${mismatch}; the spec would need ${needs.join(" and ")}`);
};

const whyInitialised = (context: ImportContext, reference: string | undefined): string => {
  if (reference === undefined) return "new in this spec";
  if (reference === "v.pos_embed") return "random, as the spec says";
  const classes = sourceClassCount(context);
  return classes === undefined
    ? "the checkpoint has no audio classifier"
    : `${classes} -> ${context.classCount} classes`;
};

/** A checkpoint may have these without the spec having a use for them. */
const mayBeLeft = /^(?:v\.dist_token|v\.pos_embed|mlp_head\..*)$/;

const coverSources = (context: ImportContext, plans: readonly Plan[]): readonly SourceCoverage[] => {
  const { path, source } = context;
  const planOf = new Map(plans.flatMap((plan) => plan.from.map((name) => [name, plan] as const)));
  const matched = [...source.tensors].flatMap(([reference, { from, shape }]) =>
    from.map((name): SourceCoverage => {
      const plan = planOf.get(name);
      if (plan?.note !== undefined) return { name, shape, status: "resized", note: plan.note };
      if (plan) return { name, shape, status: "used" };
      if (!mayBeLeft.test(reference)) throw new CheckpointError(path, `${name} has no place in the spec`);
      const isHead = reference.startsWith("mlp_head.");
      return { name, shape, status: "dropped", note: isHead ? whyInitialised(context, reference) : "not in the spec" };
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
 * @param path the checkpoint
 * @param states the model's parameters
 * @throws CheckpointError when the file is broken, its layout unknown, or its architecture not the spec's
 */
export const importWeights = (
  path: string,
  options: ImportOptions,
  spec: NormalizedSpec,
  states: readonly State[],
): ImportedWeights => {
  const source = matchLayout(openCheckpoint(path), path);
  const context: ImportContext = {
    path,
    source,
    target: describeTarget(spec),
    options,
    classCount: spec.classes.length,
  };
  const norm = states.find(({ value }) => referenceName(value.name) === "v.norm.weight");
  requireArchitecture(context, Number(norm?.value.type.shape[0]));

  const plans = new Map<string, Plan>();
  const targets = states.map(({ value }): TargetCoverage => {
    const reference = referenceName(value.name);
    const shape = value.type.shape.map(Number);
    const plan = reference === undefined ? undefined : planParameter(context, reference, shape);
    if (!plan) {
      return { name: value.name, shape, status: "initialised", from: [], note: whyInitialised(context, reference) };
    }
    plans.set(value.name, plan);
    const { from, note } = plan;
    return { name: value.name, shape, status: "filled", from, ...(note === undefined ? {} : { note }) };
  });
  const sources = coverSources(context, [...plans.values()]);

  const warnings: string[] = [];
  const read = (state: State): Float32Array => {
    const plan = plans.get(state.value.name);
    if (!plan) return initialize(state, spec.seed);
    const values = plan.read();
    const broken = values.reduce((total, value) => (Number.isFinite(value) ? total : total + 1), 0);
    if (broken > 0) warnings.push(`${plan.from.join(" + ")} has ${broken} values that are not finite`);
    return values;
  };
  return { read, coverage: () => ({ file: path, layout: source.layout.name, sources, targets, warnings }) };
};
