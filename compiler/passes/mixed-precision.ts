import { onnxTypeNumbers } from "../artifact/element-types.ts";
import { createBuilder } from "../ops/builder.ts";
import { float16Bits } from "../ir/float16-bits.ts";
import type { Constant, Graph, Node, Value } from "../ir/graph.ts";
import type { Precision } from "../ops/op.ts";
import { findOp } from "../ops/table.ts";
import { dependents } from "./dependents.ts";

type Float = "float32" | "float16";

const isFloat = ({ type: { dtype } }: Value): boolean => dtype === "float32" || dtype === "float16";

/** Scalar constants as float16, by name; without those that float16 cannot hold. */
const adaptableConstants = (constants: readonly Constant[]): ReadonlyMap<string, Uint16Array> =>
  new Map(
    constants.flatMap(({ value: { name, type }, data }) => {
      const bits = data instanceof Float32Array && type.shape.length === 0 ? float16Bits(data[0] ?? 0) : undefined;
      return bits === undefined ? [] : [[name, Uint16Array.of(bits)] as const];
    }),
  );

/** Whether a node belongs to the gradient of an operator of the training network that computes so. */
const isGradientOf = ({ origin: { gradientOf } }: Node, ...precisions: readonly Precision[]): boolean =>
  gradientOf?.role === "training" && precisions.includes(findOp(gradientOf.op).precision);

/** How a node of the graph computes: as its operator's row says where it belongs to the training network or to its gradient. */
const precisionOf = (node: Node, trained: ReadonlySet<string>): Precision => {
  const isTrained = node.origin.role === "training" && node.outputs.some(({ name }) => trained.has(name));
  return isTrained || isGradientOf(node, "half", "follow") ? findOp(node.op).precision : "full";
};

/**
 * Lets the training network and its gradient compute in float16 where their operators' rows allow it. Parameters stay float32;
 * a value is cast at most once, so forward and backward pass share the float16 copy of a weight. Untouched are inference,
 * what depends on no parameter (the features), the loss and the optimizer.
 */
export const mixedPrecision = (graph: Graph): Graph => {
  const b = createBuilder({ ...graph, nodes: [], outputs: [] });
  const parameters = graph.states.filter(({ kind }) => kind === "parameter").map(({ value }) => value);
  const trained = dependents(graph.nodes, parameters);
  const adaptable = adaptableConstants(graph.constants);
  const rewritten = new Map<string, Value>();
  const copies = new Map<string, Value>();

  const current = (value: Value): Value => rewritten.get(value.name) ?? value;
  const castTo = (value: Value, dtype: Float): Value => {
    const constant = dtype === "float16" ? adaptable.get(value.name) : undefined;
    return constant ? b.constant(`${value.name}/float16`, [], constant) : b.cast(value, { to: onnxTypeNumbers[dtype] });
  };
  const as = (value: Value, dtype: Value["type"]["dtype"]): Value => {
    if (!isFloat(value) || value.type.dtype === dtype) return value;
    const copy = copies.get(value.name) ?? castTo(value, dtype as Float);
    copies.set(value.name, copy);
    return copy;
  };
  const dtypeOf = (node: Node, operands: readonly Value[]): Float => {
    const precision = precisionOf(node, trained);
    if (precision !== "follow") return precision === "half" ? "float16" : "float32";
    // The gradient of a product reads the product's operands, of which there are float16 copies.
    const readsCopies = isGradientOf(node, "half");
    const isHalf = ({ name, type }: Value): boolean => type.dtype === "float16" || (readsCopies && copies.has(name));
    const floats = operands.filter((operand) => isFloat(operand) && !adaptable.has(operand.name));
    return floats.length > 0 && floats.every(isHalf) ? "float16" : "float32";
  };

  for (const node of graph.nodes) {
    b.from(node.origin, () => {
      const operands = node.inputs.map((input) => input && current(input));
      const dtype = dtypeOf(
        node,
        operands.filter((operand) => operand !== undefined),
      );
      const results = b.apply(
        node.op,
        operands.map((operand) => operand && as(operand, dtype)),
        node.attributes,
      );
      node.outputs.forEach(({ name }, index) => rewritten.set(name, results[index] as Value));
    });
  }
  // What leaves the graph keeps its type.
  const origins = new Map(graph.nodes.flatMap(({ outputs, origin }) => outputs.map(({ name }) => [name, origin])));
  const leave = (value: Value): Value =>
    b.from(origins.get(value.name) ?? { path: "", role: "training" }, () => as(current(value), value.type.dtype));
  for (const { value, next } of graph.states) if (next) b.update(value, leave(next));
  return b.finish(graph.outputs.map(leave));
};
