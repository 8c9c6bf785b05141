import { type Dim, printDim, product } from "../artifact/dim.ts";
import type { Graph, Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { replaceNodes } from "./replace-nodes.ts";

/** One for each row of a matrix, [1, rows]: how many there are may only be known when it is computed. */
const onesFor = (b: Builder, matrix: Value, rows: Dim): Value => {
  const column = b.slice(matrix, { starts: [0], ends: [1], axes: [1] });
  return b.reshape(b.expand(b.scalar(1), b.shape(column), { to: column.type.shape }), { shape: [1, rows] });
};

/**
 * The sum of all rows, as gradients of biases are, as a product: ones [1, rows] times the matrix. ONNX Runtime's matrix product reads
 * the matrix as it lies and by vectors, and takes about half of what its ReduceSum takes.
 * Of networks in float32 alone: their products are otherwise of float16, and may add up in it.
 */
export const sumsAsProducts = (graph: Graph): Graph => {
  const ones = new Map<string, Value>();
  return replaceNodes(graph, ({ op, inputs: [x], outputs: [sum], attributes }, b) => {
    if (op !== "reduceSum" || x?.type.dtype !== "float32" || !sum) return undefined;
    const axes = attributes["axes"] as readonly number[];
    const { shape } = x.type;
    if (axes.length !== shape.length - 1 || axes.some((axis, place) => axis !== place)) return undefined;
    const [rows, columns] = [product(shape.slice(0, -1)), shape.at(-1) ?? 1];
    const matrix = shape.length === 2 ? x : b.reshape(x, { shape: [rows, columns] });
    const known = ones.get(printDim(rows)) ?? onesFor(b, matrix, rows);
    ones.set(printDim(rows), known);
    const row = b.matMul(known, matrix);
    // A shape would hold how many classes there are, of which a trained graph may have fewer.
    return sum.type.shape.length === 1
      ? b.reduceSum(row, { axes: [0], keepdims: 0 })
      : b.reshape(row, { shape: sum.type.shape });
  });
};
