import type { Builder } from "../ops/builder.ts";
import type { Value } from "../ir/graph.ts";

const total = (b: Builder, x: Value): Value =>
  x.type.shape.length === 0 ? x : b.reduceSum(x, { axes: x.type.shape.map((_, axis) => axis), keepdims: 0 });

/** The sum of the squares of all elements of `values`, []. */
export const globalSquaredNorm = (b: Builder, values: readonly Value[]): Value =>
  values.map((value) => total(b, b.mul(value, value))).reduce((sum, part) => b.add(sum, part));
