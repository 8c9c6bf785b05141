import type { Graph, Node, Value } from "../ir/graph.ts";
import { type Builder, createBuilder } from "../ops/builder.ts";
import { renameValues } from "./rename-values.ts";

/**
 * Writes other nodes in the place of nodes that have one result.
 * @param replacement what the readers of the node's result read instead, written by `b` where the node is; undefined: the node stays
 */
export const replaceNodes = (graph: Graph, replacement: (node: Node, b: Builder) => Value | undefined): Graph => {
  const b = createBuilder(graph);
  const names = new Map<string, string>();
  let written = graph.nodes.length;
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    const result = b.from(node.origin, () => replacement(node, b));
    if (!result) return [node];
    names.set(node.outputs[0]?.name ?? "", result.name);
    const added = b.finish([]).nodes.slice(written);
    written += added.length;
    return added;
  });
  return renameValues({ ...b.finish(graph.outputs), nodes }, names);
};
