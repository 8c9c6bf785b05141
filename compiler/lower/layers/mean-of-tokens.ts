import type { MeanOfTokens } from "../../../spec/dsl/layers.ts";
import type { Builder } from "../../ir/builder.ts";
import type { Value } from "../../ir/graph.ts";
import { expectFlow, type LowerLayer } from "../flow.ts";

const pick = (b: Builder, x: Value, positions: readonly number[]): Value => {
  const first = positions[0] ?? 0;
  const areNeighbours = positions.every((position, index) => position === first + index);
  return areNeighbours
    ? b.slice(x, { starts: [first], ends: [first + positions.length], axes: [1] })
    : b.gather(x, b.int64s(positions), { axis: 1 });
};

export const lowerMeanOfTokens: LowerLayer<MeanOfTokens> = (context, flow) => {
  const { layer, b, fail } = context;
  const { value, width, named } = expectFlow(context, flow, "tokens");
  const positions = layer.names.map(
    (name) =>
      named.get(name) ??
      fail("unknown-token", `there is no token ${name}; the tokens are ${[...named.keys()].join(", ") || "not named"}`),
  );
  const picked = positions.length === 0 ? value : pick(b, value, positions);
  return { kind: "vector", value: b.reduceMean(picked, { axes: [1], keepdims: 0 }), width };
};
