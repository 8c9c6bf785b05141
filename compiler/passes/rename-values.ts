import type { Graph, Value } from "../ir/graph.ts";

/** Gives values other names, everywhere at once. */
export const renameValues = (graph: Graph, names: ReadonlyMap<string, string>): Graph => {
  const rename = (value: Value): Value => {
    const name = names.get(value.name);
    return name === undefined ? value : { ...value, name };
  };
  return {
    inputs: graph.inputs.map(rename),
    constants: graph.constants.map((constant) => ({ ...constant, value: rename(constant.value) })),
    states: graph.states.map((state) => ({
      ...state,
      value: rename(state.value),
      ...(state.next ? { next: rename(state.next) } : {}),
    })),
    nodes: graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map((input) => input && rename(input)),
      outputs: node.outputs.map(rename),
    })),
    outputs: graph.outputs.map(rename),
  };
};
