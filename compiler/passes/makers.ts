import type { Node, Value } from "../ir/graph.ts";

/** Finds the node that makes a value, where it is one of an operator. */
export const makersOf = (nodes: readonly Node[]): ((value: Value | undefined, op: string) => Node | undefined) => {
  const makers = new Map(nodes.flatMap((node) => node.outputs.map(({ name }) => [name, node] as const)));
  return (value, op) => {
    const maker = makers.get(value?.name ?? "");
    return maker?.op === op ? maker : undefined;
  };
};

/** Of a node that swaps the last two axes, what it swaps them of. */
export const swappedBy = (node: Node | undefined): Value | undefined => {
  const perm = (node?.op === "transpose" ? node.attributes["perm"] : undefined) as readonly number[] | undefined;
  const rank = perm?.length ?? 0;
  const swaps = perm?.every((from, axis) => from === (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  return swaps && rank >= 2 ? node?.inputs[0] : undefined;
};
