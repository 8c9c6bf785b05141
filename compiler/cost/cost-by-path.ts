/** What each part of a spec costs, in the order of the network. */
import { type Cost, type Extent, lengthsOf } from "../artifact/cost.ts";
import { evaluate, type Lengths } from "../artifact/dim.ts";
import type { SourceSpan } from "../diagnostics/diagnostic.ts";
import type { Graph, Node } from "../ir/graph.ts";
import type { Program } from "../ir/program.ts";
import { nodeCost } from "./model-cost.ts";

export const costedStages = ["inference", "gradients", "update"] as const satisfies readonly (keyof Program)[];

/** What a part of a stage costs; results of all parts are held together. */
export type PartCost = Omit<Cost, "peakBytes">;

/** A part of the spec with all that is in it. The gradients' stage has the forward pass that it goes back through. */
export type PathCost = {
  /** Such as `blocks.3.residual1.attention`, and `blocks.3` with what it holds; "" is the whole. */
  readonly path: string;
  readonly span: SourceSpan | undefined;
} & { readonly [Stage in (typeof costedStages)[number]]: PartCost };

const nothing: PartCost = { flops: 0, activationBytes: 0, largestTensorBytes: 0 };

const together = (a: PartCost, b: PartCost): PartCost => ({
  flops: a.flops + b.flops,
  activationBytes: a.activationBytes + b.activationBytes,
  largestTensorBytes: Math.max(a.largestTensorBytes, b.largestTensorBytes),
});

const costOf = (node: Node, lengths: Lengths): PartCost => {
  const { flops, resultBytes } = nodeCost(node);
  const bytes = resultBytes.map((dim) => evaluate(dim, lengths));
  return {
    flops: evaluate(flops, lengths),
    activationBytes: bytes.reduce((total, each) => total + each, 0),
    largestTensorBytes: Math.max(0, ...bytes),
  };
};

/** The path and all that hold it: `a.b` is in `a`, which is in the whole. */
const pathsAround = (path: string): readonly string[] =>
  path === "" ? [""] : [...pathsAround(path.slice(0, Math.max(path.lastIndexOf("."), 0))), path];

const sumByPath = (nodes: readonly Node[], lengths: Lengths): ReadonlyMap<string, PartCost> => {
  const sums = new Map<string, PartCost>();
  for (const node of nodes) {
    const cost = costOf(node, lengths);
    for (const path of pathsAround(node.origin.path)) sums.set(path, together(sums.get(path) ?? nothing, cost));
  }
  return sums;
};

/** The paths in `paths` below one, each followed by those below it; those beside each other stay in their order. */
const inOrder = (paths: readonly string[], parent = ""): readonly string[] =>
  paths.flatMap((path) => (pathsAround(path).at(-2) === parent ? [path, ...inOrder(paths, path)] : []));

const nodesOf = (stage: Graph | undefined): readonly Node[] => stage?.nodes ?? [];

/** @returns the whole first; the update of a layer's parameters is the layer's */
export const costByPath = (program: Program, extent: Extent): readonly PathCost[] => {
  const lengths = lengthsOf(extent);
  const [inference, gradients, update] = costedStages.map((stage) => sumByPath(nodesOf(program[stage]), lengths));
  const forward = [...nodesOf(program.inference), ...nodesOf(program.gradients)];
  const spans = new Map(forward.toReversed().map(({ origin }) => [origin.path, origin.span]));
  const ofUpdate = [...(update?.keys() ?? [])].filter((path) => !path.includes("."));
  const paths = [...new Set([...forward.flatMap(({ origin }) => pathsAround(origin.path)), ...ofUpdate])];
  return ["", ...inOrder(paths)].map((path) => ({
    path,
    span: spans.get(path),
    inference: inference?.get(path) ?? nothing,
    gradients: gradients?.get(path) ?? nothing,
    update: update?.get(path) ?? nothing,
  }));
};
