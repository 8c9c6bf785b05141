import type { Graph, Node } from "../ir/graph.ts";

/**
 * A graph as far as what is held counts, where attention is computed tile by tile: of queries, keys and values at once, without scores
 * (the runtime's `engine/fuse-attention.ts`, which does so for clips of one length). Its nodes are not to be run.
 */
export const tileAttention = (graph: Graph): Graph => {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map(({ name }) => [name, node] as const)));
  const times = new Map<string, number>();
  for (const input of graph.nodes.flatMap(({ inputs }) => inputs)) {
    if (input) times.set(input.name, (times.get(input.name) ?? 0) + 1);
  }
  /** What makes a node's first operand, for it alone. */
  const before = (node: Node | undefined, op: string): Node | undefined => {
    const name = node?.inputs[0]?.name ?? "";
    const maker = makers.get(name);
    return maker?.op === op && times.get(name) === 1 ? maker : undefined;
  };
  const dropped = new Set<Node>();
  const nodes = graph.nodes.map((node) => {
    const softmax = node.op === "matMul" ? before(node, "softmax") : undefined;
    const scores = before(softmax, "matMul");
    if (!softmax || !scores || typeof softmax.outputs[0]?.type.shape.at(-1) !== "number") return node;
    dropped.add(softmax).add(scores);
    return { ...node, inputs: [...scores.inputs, ...node.inputs.slice(1)] };
  });
  return { ...graph, nodes: nodes.filter((node) => !dropped.has(node)) };
};
