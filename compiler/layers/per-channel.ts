import type { Flow } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";

/** One value of each channel, [channels], in the shape that meets what flows: an image's channels stand before its places. */
export const perChannel = (b: Builder, values: Value, flow: Flow): Value =>
  flow.kind === "image" ? b.reshape(values, { shape: [flow.channels, 1, 1] }) : values;
