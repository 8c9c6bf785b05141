import { byOperand, findOp } from "./table.ts";
import { printShape, sameShape } from "../ir/shape.ts";
import type { Graph, Node, TensorType, Value } from "../ir/graph.ts";

const printType = ({ dtype, shape }: TensorType): string => `${dtype}${printShape(shape)}`;

const sameType = (a: TensorType | undefined, b: TensorType): boolean =>
  a !== undefined && a.dtype === b.dtype && sameShape(a.shape, b.shape);

const inferTypes = (node: Node): readonly TensorType[] => {
  const row = findOp(node.op);
  const types = node.inputs.map((input) => input?.type);
  const inferred = row.infer(byOperand(row, types), node.attributes);
  return "dtype" in inferred ? [inferred] : inferred;
};

/**
 * Checks that every name is defined once and before its use, that every node's types follow its operator's rule, and that
 * a state keeps its type. Throws an `Error` that names the node: a defect of the compiler, not of the spec.
 */
export const verify = (graph: Graph): Graph => {
  const defined = new Map<string, TensorType>();
  const define = ({ name, type }: Value): void => {
    if (defined.has(name)) throw new Error(`${name} is defined twice`);
    defined.set(name, type);
  };
  const use = (user: string, value: Value): void => {
    if (!sameType(defined.get(value.name), value.type)) {
      throw new Error(`${user} reads ${value.name} as ${printType(value.type)}, which nothing before it defines`);
    }
  };

  graph.inputs.forEach(define);
  graph.constants.forEach(({ value }) => define(value));
  graph.states.forEach(({ value }) => define(value));
  for (const node of graph.nodes) {
    const [{ name } = { name: node.op }] = node.outputs;
    node.inputs.forEach((input) => input && use(name, input));
    const types = inferTypes(node);
    if (
      types.length !== node.outputs.length ||
      !node.outputs.every(({ type }, index) => sameType(types[index], type))
    ) {
      throw new Error(`${name} has other types than its operator infers: ${types.map(printType).join(", ")}`);
    }
    node.outputs.forEach(define);
  }
  graph.outputs.forEach((output) => use("the graph's output", output));
  for (const { value, next } of graph.states) {
    if (!next) continue;
    use(`the update of ${value.name}`, next);
    if (!sameType(next.type, value.type))
      throw new Error(`the update of ${value.name} has type ${printType(next.type)}`);
  }
  return graph;
};
