import { truncatedNormal } from "../../spec/dsl/initializers.ts";
import type { PositionalEmbedding } from "../../spec/dsl/layers.ts";
import { expectFlow, type LowerLayer } from "./flow.ts";

export const lowerPositionalEmbedding: LowerLayer<PositionalEmbedding> = (context, flow) => {
  const tokens = expectFlow(context, flow, "tokens");
  const positions = context.parameter("weight", [1, tokens.length, tokens.width], truncatedNormal({ std: 0.02 }));
  return { ...tokens, value: context.b.add(tokens.value, positions) };
};
