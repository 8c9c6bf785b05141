import { type Dim, mostLength } from "../artifact/dim.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "./builder.ts";

/**
 * first, first + step, ...: float32, along the first axis of a shape whose others are 1.
 * @param length bounded; of one that only a run knows the longest is kept as a constant and cut
 */
export const progression = (
  b: Builder,
  name: string,
  first: number,
  step: number,
  [length, ...ones]: readonly [Dim, ...(readonly 1[])],
): Value => {
  const most = mostLength(length);
  const places = Float32Array.from({ length: most }, (_, index) => first + index * step);
  const values = b.constant(name, [most, ...ones], places);
  return typeof length === "number" ? values : b.slice(values, { starts: [0], ends: [length], axes: [0] });
};
