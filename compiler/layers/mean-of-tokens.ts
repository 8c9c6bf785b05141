import type { MeanOfTokens } from "../../spec/dsl/layers.ts";
import type { Builder } from "../ops/builder.ts";
import type { Value } from "../ir/graph.ts";
import { expectFlow, type LowerLayer } from "./flow.ts";

const pick = (b: Builder, x: Value, positions: readonly number[]): Value => {
  const first = positions[0] ?? 0;
  const areNeighbours = positions.every((position, index) => position === first + index);
  return areNeighbours
    ? b.slice(x, { starts: [first], ends: [first + positions.length], axes: [1] })
    : b.gather(x, b.int64s(positions), { axis: 1 });
};

/** [batch, tokens, width] -> [batch, width]; no positions: all. */
export const meanOfPositions = (b: Builder, x: Value, positions: readonly number[]): Value =>
  b.reduceMean(positions.length === 0 ? x : pick(b, x, positions), { axes: [1], keepdims: 0 });

export const lowerMeanOfTokens: LowerLayer<MeanOfTokens> = (context, flow) => {
  const { layer, b, fail } = context;
  const { value, width, named } = expectFlow(context, flow, "tokens");
  const positions = layer.names.map(
    (name) =>
      named.get(name) ??
      fail("unknown-token", `there is no token ${name}; the tokens are ${[...named.keys()].join(", ") || "not named"}`),
  );
  return { kind: "vector", value: meanOfPositions(b, value, positions), width };
};
