import type { Graph } from "../ir/graph.ts";
import { sameShape } from "../ir/shape.ts";
import { makersOf, swappedBy } from "./makers.ts";
import { replaceNodes } from "./replace-nodes.ts";

/**
 * a b^T - r, with a number of r for each row, as one product: [a, r] [b, -1]^T. A column more costs less than a pass over the product.
 * Of float32 alone: on a GPU's units for float16 a width that is no multiple of 8 costs more than the pass.
 */
export const subtractInProducts = (graph: Graph): Graph => {
  const maker = makersOf(graph.nodes);
  const counts = new Map<string, number>();
  for (const value of [
    ...graph.nodes.flatMap(({ inputs }) => inputs),
    ...graph.outputs,
    ...graph.states.map(({ next }) => next),
  ]) {
    if (value) counts.set(value.name, (counts.get(value.name) ?? 0) + 1);
  }
  return replaceNodes(graph, ({ op, inputs: [difference, row] }, b) => {
    if (op !== "sub" || !difference || !row || counts.get(difference.name) !== 1) return undefined;
    const [x, turned] = maker(difference, "matMul")?.inputs ?? [];
    const y = swappedBy(maker(turned, "transpose"));
    if (!x || !y || x.type.dtype !== "float32" || !sameShape([...x.type.shape.slice(0, -1), 1], row.type.shape)) {
      return undefined;
    }
    const axis = row.type.shape.length - 1;
    const rank = y.type.shape.length;
    const withOnes = b.pad(y, b.scalar(-1), {
      pads: Array.from({ length: 2 * rank }, (_, place) => Number(place === 2 * rank - 1)),
    });
    const perm = y.type.shape.map((_, place) => (place < rank - 2 ? place : 2 * rank - 3 - place));
    return b.matMul(b.concat([x, row], { axis }), b.transpose(withOnes, { perm }));
  });
};
