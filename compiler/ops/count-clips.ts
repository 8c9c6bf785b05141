import type { Value } from "../ir/graph.ts";
import type { Builder } from "./builder.ts";

/**
 * How many clips, a scalar float32: ones are counted, as ONNX Runtime 1.30 has no WebGPU kernel for Size.
 * @param x [batch, ...], of two or more axes
 */
export const countClips = (b: Builder, x: Value): Value => {
  const [batch = "batch", ...rest] = x.type.shape;
  const [ones, axes] = [rest.map(() => 1), rest.map((_, index) => index + 1)];
  const column = b.slice(x, { starts: rest.map(() => 0), ends: ones, axes });
  const counted = b.expand(b.scalar(1), b.shape(column), { to: [batch, ...ones] });
  return b.reduceSum(counted, { axes: [0, ...axes], keepdims: 0 });
};
