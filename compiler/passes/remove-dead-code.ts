import type { Graph, Node, Value } from "../ir/graph.ts";

/** The nodes that lead to any of `roots`, in order. */
export const nodesLeadingTo = (nodes: readonly Node[], roots: readonly Value[]): readonly Node[] => {
  const needed = new Set(roots.map(({ name }) => name));
  const kept = nodes.toReversed().filter(({ inputs, outputs }) => {
    if (!outputs.some(({ name }) => needed.has(name))) return false;
    inputs.forEach((input) => input && needed.add(input.name));
    return true;
  });
  return kept.toReversed();
};

/** Keeps what leads to an output or to a state's update. */
export const removeDeadCode = (graph: Graph): Graph => {
  const updates = graph.states.flatMap(({ next }) => next ?? []);
  const nodes = nodesLeadingTo(graph.nodes, [...graph.outputs, ...updates]);
  const used = new Set(nodes.flatMap(({ inputs }) => inputs.map((input) => input?.name)));
  const roots = new Set([...graph.outputs, ...updates].map(({ name }) => name));
  const constants = graph.constants.filter(({ value: { name } }) => used.has(name) || roots.has(name));
  return { ...graph, nodes, constants };
};

/** Keeps the inputs and the states that a node or an output reads, and the states that the graph replaces. */
export const removeUnread = (graph: Graph): Graph => {
  const read = new Set([
    ...graph.nodes.flatMap(({ inputs }) => inputs.map((input) => input?.name)),
    ...graph.outputs.map(({ name }) => name),
    ...graph.states.map(({ next }) => next?.name),
  ]);
  return {
    ...graph,
    inputs: graph.inputs.filter(({ name }) => read.has(name)),
    states: graph.states.filter(({ value, next }) => next !== undefined || read.has(value.name)),
  };
};
