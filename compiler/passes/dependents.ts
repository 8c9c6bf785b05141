import type { Node, Value } from "../ir/graph.ts";

/** Names of the values that depend on any of `roots`, and of those themselves. */
export const dependents = (nodes: readonly Node[], roots: readonly Value[]): ReadonlySet<string> => {
  const found = new Set(roots.map(({ name }) => name));
  for (const { inputs, outputs } of nodes) {
    if (inputs.some((input) => input && found.has(input.name))) outputs.forEach(({ name }) => found.add(name));
  }
  return found;
};
