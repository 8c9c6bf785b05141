import type { MeanOfPatches } from "../../spec/dsl/layers.ts";
import { expectFlow, type LowerLayer } from "./flow.ts";
import { meanOfPositions } from "./mean-of-tokens.ts";

export const lowerMeanOfPatches: LowerLayer<MeanOfPatches> = (context, flow) => {
  const { value, length, width, named } = expectFlow(context, flow, "tokens");
  const added = new Set(named.values());
  const patches = Array.from({ length }, (_, position) => position).filter((position) => !added.has(position));
  return { kind: "vector", value: meanOfPositions(context.b, value, patches), width };
};
