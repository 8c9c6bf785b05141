import type { MeanOfPatches, MeanOfTokens } from "../../spec/dsl/layers.ts";
import { patchesToken } from "../artifact/token-layout.ts";
import { placesOf, type Tokens } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";
import type { LayerRow } from "./layer.ts";

const pick = (b: Builder, x: Value, places: readonly number[]): Value => {
  const first = places[0] ?? 0;
  const areNeighbours = places.every((place, index) => place === first + index);
  return areNeighbours
    ? b.slice(x, { starts: [first], ends: [first + places.length], axes: [1] })
    : b.gather(x, b.int64s(places), { axis: 1 });
};

/** [batch, tokens, width] -> [batch, width]; no tokens: all. */
const meanOf = (b: Builder, x: Value, flow: Tokens, tokens: readonly string[]): Value => {
  const places = tokens.flatMap((token) => {
    const { first, count } = placesOf(flow, token);
    return Array.from({ length: count }, (_, index) => first + index);
  });
  return b.reduceMean(places.length === 0 ? x : pick(b, x, places), { axes: [1], keepdims: 0 });
};

export const meanOfTokens: LayerRow<MeanOfTokens, Tokens> = {
  takes: ["tokens"],
  flow: ({ layer, takes: { order, width }, misfit }) => {
    const named = order.filter((name) => name !== patchesToken);
    for (const name of layer.names) {
      if (named.includes(name)) continue;
      misfit("unknown-token", `there is no token ${name}; the tokens are ${named.join(", ") || "not named"}`);
    }
    return { kind: "vector", width };
  },
  lower: ({ layer, takes, b, x }) => meanOf(b, x, takes, layer.names),
  facts: ({ layer: { names }, takes: { order } }) => ({ pooling: names.length > 0 ? names : order }),
};

export const meanOfPatches: LayerRow<MeanOfPatches, Tokens> = {
  takes: ["tokens"],
  flow: ({ takes: { width } }) => ({ kind: "vector", width }),
  lower: ({ takes, b, x }) => meanOf(b, x, takes, [patchesToken]),
  facts: () => ({ pooling: [patchesToken] }),
};
