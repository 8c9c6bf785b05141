import { type Dim, isAtMost, leastLength, sum } from "../../artifact/dim.ts";
import type { Builder } from "../../ops/builder.ts";
import type { Value } from "../../ir/graph.ts";

/** Cuts samples [batch, any length] to `length`, or appends `fill` up to it: [batch, length]. */
export const fitLength = (b: Builder, samples: Value, length: Dim, fill: Value): Value => {
  const cut = (values: Value): Value => b.slice(values, { starts: [0], ends: [length], axes: [1] });
  if (typeof length === "number") return cut(b.pad(cut(samples), fill, { pads: [0, 0, 0, length] }));
  const given = samples.type.shape[1] ?? 0;
  const missing = [leastLength(length), length].find((most) => isAtMost(length, sum([given, most]))) ?? length;
  return cut(b.pad(samples, fill, { pads: [0, 0, 0, missing] }));
};
