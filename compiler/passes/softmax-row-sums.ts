import type { Graph, Node, Value } from "../ir/graph.ts";
import { sameShape } from "../ir/shape.ts";
import type { Builder } from "../ops/builder.ts";
import { makersOf, swappedBy } from "./makers.ts";
import { replaceNodes } from "./replace-nodes.ts";

const permOf = ({ attributes }: Node): readonly number[] => attributes["perm"] as readonly number[];

const isInverse = (perm: readonly number[], other: readonly number[]): boolean =>
  perm.every((from, axis) => other[from] === axis);

/**
 * The gradient of a softmax y takes the sum of dy * y along each row. Where a product follows, o = y v, so that dy = do v^T, this is
 * the sum of do * o along the width of v, which attention has of fewer elements: one head's width instead of all keys.
 */
export const softmaxRowSums = (graph: Graph): Graph => {
  const maker = makersOf(graph.nodes);
  const product = (y: Value, v: Value): Value | undefined =>
    graph.nodes.find(({ op, inputs: [a, b] }) => op === "matMul" && a?.name === y.name && b?.name === v.name)
      ?.outputs[0];
  const transposed = (x: Value, inverse: readonly number[]): Value | undefined =>
    graph.nodes.find(
      (node) => node.op === "transpose" && node.inputs[0]?.name === x.name && isInverse(permOf(node), inverse),
    )?.outputs[0];

  /** The sum of a * b along the last axis; of what these were before they were transposed, as far as that is kept anyway. */
  const rowSums = (b: Builder, dOutput: Value, output: Value): Value => {
    const last = { axes: [-1], keepdims: 1 };
    const turned = maker(dOutput, "transpose");
    const [before, perm] = [turned?.inputs[0], turned ? permOf(turned) : []];
    const kept = perm.at(-1) === perm.length - 1 ? transposed(output, perm) : undefined;
    return before && kept
      ? b.transpose(b.reduceSum(b.mul(before, kept), last), { perm })
      : b.reduceSum(b.mul(dOutput, output), last);
  };

  return replaceNodes(graph, ({ op, inputs, outputs, attributes }, b) => {
    const axes = attributes["axes"] as readonly number[] | undefined;
    if (op !== "reduceSum" || axes?.join() !== "-1" || attributes["keepdims"] !== 1) return undefined;
    const [dy, y] = maker(inputs[0], "mul")?.inputs ?? [];
    const [dOutput, turned] = maker(dy, "matMul")?.inputs ?? [];
    const v = swappedBy(maker(turned, "transpose"));
    const output = y && v && product(y, v);
    if (!dOutput || !output || !sameShape(output.type.shape, dOutput.type.shape)) return undefined;
    const sums = rowSums(b, dOutput, output);
    return sameShape(sums.type.shape, outputs[0]?.type.shape ?? []) ? sums : undefined;
  });
};
