import type { Builder } from "../ops/builder.ts";
import { sameShape } from "../ir/shape.ts";
import type { Graph, Value } from "../ir/graph.ts";
import { byOperand, findOp } from "../ops/table.ts";
import { dependents } from "./dependents.ts";

/** Sums the axes along which `target` was broadcast. */
const unbroadcast = (b: Builder, gradient: Value, target: Value): Value => {
  const from = gradient.type.shape;
  const to = target.type.shape;
  if (sameShape(from, to)) return gradient;
  const added = from.length - to.length;
  const axes = from.flatMap((dim, axis) => (axis < added || (to[axis - added] === 1 && dim !== 1) ? [axis] : []));
  const summed = axes.length > 0 ? b.reduceSum(gradient, { axes, keepdims: 0 }) : gradient;
  return sameShape(summed.type.shape, to) ? summed : b.reshape(summed, { shape: to });
};

/**
 * Reverse-mode differentiation: appends the gradient of the scalar `loss` with respect to each of `targets` to the graph
 * that `b` writes. Only nodes between a target and the loss are visited, and only operands that lead to a target.
 * @param graph the finished forward pass, which `b` continues
 * @param seed the gradient with respect to the loss itself, a factor of all others; default 1
 * @returns the gradients by the targets' names; a target that the loss does not depend on has none
 */
export const gradients = (
  graph: Pick<Graph, "nodes">,
  b: Builder,
  loss: Value,
  targets: readonly Value[],
  seed: Value = b.scalar(1),
): ReadonlyMap<string, Value> => {
  const active = dependents(graph.nodes, targets);
  const found = new Map<string, Value>([[loss.name, seed]]);

  const accumulate = (target: Value, part: Value): void => {
    const reduced = unbroadcast(b, part, target);
    const sum = found.get(target.name);
    found.set(target.name, sum ? b.add(sum, reduced) : reduced);
  };

  for (const node of graph.nodes.toReversed()) {
    const dys = node.outputs.map(({ name }) => found.get(name));
    const [dy] = dys;
    const row = findOp(node.op);
    if (!dys.some((gradient) => gradient) || row.gradient === "zero") continue;
    const { gradient: rule } = row;
    if (rule === "none" || (!dy && !row.results)) {
      throw new Error(`${node.op} at ${node.origin.path} has no gradient rule`);
    }
    const gradientOf = { op: node.op, role: node.origin.role };
    b.from({ ...node.origin, role: "gradient", gradientOf }, () => {
      const thunks = rule(
        {
          in: byOperand(row, node.inputs),
          out: Object.fromEntries((row.results ?? ["y"]).map((name, index) => [name, node.outputs[index] as Value])),
          outs: node.outputs,
          attributes: node.attributes,
          dy: dy as Value,
          dys,
        },
        b,
      );
      const operands = byOperand(row, node.inputs);
      for (const [name, operand] of Object.entries(operands)) {
        const thunk = thunks[name];
        const values = [operand ?? []].flat() as readonly Value[];
        if (!values.some((value) => value.type.dtype === "float32" && active.has(value.name))) continue;
        if (!thunk) throw new Error(`${node.op} at ${node.origin.path} has no gradient rule for ${name}`);
        const parts = [thunk()].flat() as readonly Value[];
        values.forEach((value, index) => {
          const part = parts[index];
          if (part && active.has(value.name)) accumulate(value, part);
        });
      }
    });
  }
  return new Map(targets.flatMap(({ name }) => (found.has(name) ? [[name, found.get(name) as Value] as const] : [])));
};
