import { truncatedNormal } from "../../spec/dsl/initializers.ts";
import type { PositionalEmbedding } from "../../spec/dsl/layers.ts";
import type { Tokens } from "../ir/flow.ts";
import type { LayerRow } from "./layer.ts";

export const positionalEmbedding: LayerRow<PositionalEmbedding, Tokens, "weight"> = {
  takes: ["tokens"],
  parameters: ({ takes: { length, width } }) => [
    { name: "weight", shape: [1, length, width], initializer: truncatedNormal({ std: 0.02 }) },
  ],
  lower: ({ b, x, parameters: { weight } }) => b.add(x, weight),
};
