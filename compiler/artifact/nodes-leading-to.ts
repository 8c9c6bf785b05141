/** What a node of a graph reads and makes, by name. */
export interface NodeValues {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** The nodes that lead to any of the values, in order. @param nodes each after those whose values it reads */
export const nodesLeadingTo = <Node>(
  nodes: readonly Node[],
  valuesOf: (node: Node) => NodeValues,
  values: Iterable<string>,
): Node[] => {
  const needed = new Set(values);
  const kept = nodes.toReversed().filter((node) => {
    const { inputs, outputs } = valuesOf(node);
    if (!outputs.some((name) => needed.has(name))) return false;
    inputs.forEach((name) => needed.add(name));
    return true;
  });
  return kept.toReversed();
};
