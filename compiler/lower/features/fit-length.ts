import type { Builder } from "../../ops/builder.ts";
import type { Value } from "../../ir/graph.ts";

/** Cuts samples [batch, any length] to `length`, or appends `fill` up to it: [batch, length]. */
export const fitLength = (b: Builder, samples: Value, length: number, fill: Value): Value => {
  const cut = b.slice(samples, { starts: [0], ends: [length], axes: [1] });
  const padded = b.pad(cut, fill, { pads: [0, 0, 0, length] });
  return b.slice(padded, { starts: [0], ends: [length], axes: [1] });
};
