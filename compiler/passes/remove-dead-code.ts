import { nodesLeadingTo } from "../artifact/nodes-leading-to.ts";
import type { Graph } from "../ir/graph.ts";
import { valuesOf } from "./values-of.ts";

/** Keeps what leads to an output or to a state's update. */
export const removeDeadCode = (graph: Graph): Graph => {
  const updates = graph.states.flatMap(({ next }) => next ?? []);
  const roots = new Set([...graph.outputs, ...updates].map(({ name }) => name));
  const nodes = nodesLeadingTo(graph.nodes, valuesOf, roots);
  const used = new Set(nodes.flatMap(({ inputs }) => inputs.map((input) => input?.name)));
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
