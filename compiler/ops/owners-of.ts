import type { Node } from "../ir/graph.ts";
import { findOp } from "./table.ts";

/** The names of values, each as that of the value whose bytes it has: its own, or what it is a view of. */
export const ownersOf = (nodes: readonly Node[]): ((name: string) => string) => {
  const owners = new Map<string, string>();
  const ownerOf = (name: string): string => owners.get(name) ?? name;
  for (const { op, inputs, outputs } of nodes) {
    const [whole] = inputs;
    if (findOp(op).isView && whole) for (const { name } of outputs) owners.set(name, ownerOf(whole.name));
  }
  return ownerOf;
};
