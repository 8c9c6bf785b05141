import { sameShape } from "../ir/shape.ts";
import type { Graph, Node, Value } from "../ir/graph.ts";

/** A reshape of a reshape reads the first one's input; a reshape to the same shape is its input. */
export const foldReshapes = (graph: Graph): Graph => {
  const replaced = new Map<string, Value>();
  const sources = new Map<string, Value>();
  const current = (value: Value): Value => replaced.get(value.name) ?? value;
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    const inputs = node.inputs.map((input) => input && current(input));
    const [operand] = inputs;
    const [output] = node.outputs;
    if (node.op !== "reshape" || !operand || !output) return [{ ...node, inputs }];
    const source = sources.get(operand.name) ?? operand;
    if (sameShape(source.type.shape, output.type.shape)) {
      replaced.set(output.name, source);
      return [];
    }
    sources.set(output.name, source);
    return [{ ...node, inputs: [source] }];
  });
  return {
    ...graph,
    nodes,
    outputs: graph.outputs.map(current),
    states: graph.states.map((state) => (state.next ? { ...state, next: current(state.next) } : state)),
  };
};
