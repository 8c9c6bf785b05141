/** In which order values are best computed anew rather than kept. */
import { type Extent, lengthsOf } from "../artifact/cost.ts";
import { evaluate, sum } from "../artifact/dim.ts";
import { nodeCost } from "../cost/model-cost.ts";
import type { Graph, Node, Value } from "../ir/graph.ts";
import { bytesOf } from "../ir/shape.ts";
import { recomputedWithout, splitPasses } from "../passes/recompute.ts";

/** Values that are alike in all blocks, which are best computed anew after those before them. */
export interface Candidates {
  /** In the network's order. */
  readonly names: readonly string[];
  /** What it takes to compute them once more, in floating point operations of a matrix product for each byte that they hold. */
  readonly effortPerByte: number;
}

/** What a byte takes that is moved, in floating point operations of a matrix product: of about 100e9 a second, and 8e9 bytes. */
const flopsPerByte = 12;

/** Blocks are alike: their numbers are left out. */
const kindOf = ({ name }: Value): string => name.replaceAll(/\.\d+(?=\.)/g, ".*");

const groupByKind = (values: readonly Value[]): Map<string, readonly Value[]> => {
  const kinds = new Map<string, readonly Value[]>();
  for (const value of values) kinds.set(kindOf(value), [...(kinds.get(kindOf(value)) ?? []), value]);
  return kinds;
};

/**
 * All values that the backward pass finds kept from the forward pass, in the order in which they are best computed anew: at each
 * point those that free the most memory for the time that this takes, where those before them are not kept either.
 * @param stage the forward pass and the gradients
 */
export const droppingOrder = (stage: Graph, extent: Extent): readonly Candidates[] => {
  const lengths = lengthsOf(extent);
  const passes = splitPasses(stage);
  const effortOf = (node: Node): number => {
    const { flops, resultBytes } = nodeCost(node);
    const readBytes = resultBytes.length > 0 ? node.inputs.flatMap((input) => (input ? [bytesOf(input)] : [])) : [];
    return evaluate(flops, lengths) + flopsPerByte * evaluate(sum([...readBytes, ...resultBytes]), lengths);
  };
  const efforts = new Map(passes.forward.map((node) => [node, effortOf(node)] as const));
  const effortWithout = (dropped: ReadonlySet<string>): number =>
    recomputedWithout(passes, dropped).nodes.reduce((total, node) => total + (efforts.get(node) ?? 0), 0);

  const kinds = groupByKind(passes.kept);
  const dropped = new Set<string>();
  const order: Candidates[] = [];
  while (kinds.size > 0) {
    const before = effortWithout(dropped);
    const rated = [...kinds].map(([kind, values]) => {
      const names = values.map(({ name }) => name);
      const effort = effortWithout(new Set([...dropped, ...names])) - before;
      return { kind, names, effortPerByte: effort / evaluate(sum(values.map(bytesOf)), lengths) };
    });
    const { kind, ...best } = rated.reduce((a, b) => (b.effortPerByte < a.effortPerByte ? b : a));
    order.push(best);
    best.names.forEach((name) => dropped.add(name));
    kinds.delete(kind);
  }
  return order;
};
