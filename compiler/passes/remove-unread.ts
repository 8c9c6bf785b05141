import type { Graph } from "../ir/graph.ts";

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
