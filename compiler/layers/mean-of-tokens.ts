import { type Dim, sameDim, sum } from "../artifact/dim.ts";
import { patchesToken } from "../artifact/token-layout.ts";
import type { Layer, MeanOfPatches, MeanOfTokens, MeanWithoutTokens } from "../../spec/dsl/layers.ts";
import { placesOf, type Tokens } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";
import type { FlowCall, LayerRow, LowerCall } from "./layer.ts";

/** The tokens of these names, [batch, count, width]. */
export const pick = (b: Builder, x: Value, flow: Tokens, tokens: readonly string[]): Value => {
  const places = tokens.map((token) => placesOf(flow, token));
  const ends = places.map(({ first, count }) => sum([first, count]));
  const [first = 0, end = 0] = [places[0]?.first, ends.at(-1)];
  const areNeighbours = places.every((place, index) => index === 0 || sameDim(place.first, ends[index - 1] ?? 0));
  const slice = (from: Dim, to: Dim): Value => b.slice(x, { starts: [from], ends: [to], axes: [1] });
  if (areNeighbours) return slice(first, end);
  const numbers = places.map((place) => place.first).filter((place) => typeof place === "number");
  // Patches are many, and some tokens stand after as many as only a run knows.
  if (tokens.includes(patchesToken) || numbers.length < places.length) {
    return b.concat(
      places.map((place, index) => slice(place.first, ends[index] ?? 0)),
      { axis: 1 },
    );
  }
  return b.gather(x, b.int64s(numbers), { axis: 1 });
};

/** Of each clip's own tokens. @param weights [batch, tokens]: 1 for those that count, and 0 */
const weightedMean = (b: Builder, x: Value, weights: Value): Value => {
  const [batch = "batch", length = 1] = weights.type.shape;
  const total = b.reduceSum(b.mul(x, b.reshape(weights, { shape: [batch, length, 1] })), { axes: [1], keepdims: 0 });
  return b.div(total, b.reduceSum(weights, { axes: [1], keepdims: 1 }));
};

type Misfit = FlowCall<Layer, Tokens>["misfit"];
type Call = Pick<LowerCall<Layer, Tokens, never, never>, "b" | "x" | "takes" | "presence">;

/** [batch, tokens, width] -> [batch, width]; no tokens: all. */
export const meanOf = ({ b, x, takes, presence }: Call, tokens: readonly string[]): Value => {
  const picked = tokens.length === 0 ? x : pick(b, x, takes, tokens);
  const order = tokens.length === 0 ? takes.order : tokens;
  if (presence && order.includes(patchesToken)) return weightedMean(b, picked, presence.of({ ...takes, order }));
  return b.reduceMean(picked, { axes: [1], keepdims: 0 });
};

/** That each was added. */
export const checkNames = (names: readonly string[], { order }: Tokens, misfit: Misfit): void => {
  const named = order.filter((name) => name !== patchesToken);
  for (const name of names) {
    if (named.includes(name)) continue;
    misfit("unknown-token", `there is no token ${name}; the tokens are ${named.join(", ") || "not named"}`);
  }
};

export const meanOfTokens: LayerRow<MeanOfTokens, Tokens> = {
  takes: ["tokens"],
  absent: "left out",
  flow: ({ layer, takes, misfit }) => {
    checkNames(layer.names, takes, misfit);
    return { kind: "vector", width: takes.width };
  },
  lower: (call) => meanOf(call, call.layer.names),
  facts: ({ layer: { names }, takes: { order } }) => ({ pooling: names.length > 0 ? names : order }),
};

export const meanOfPatches: LayerRow<MeanOfPatches, Tokens> = {
  takes: ["tokens"],
  absent: "left out",
  flow: ({ takes: { width } }) => ({ kind: "vector", width }),
  lower: (call) => meanOf(call, [patchesToken]),
  facts: () => ({ pooling: [patchesToken] }),
};

const remaining = ({ names }: MeanWithoutTokens, { order }: Tokens): readonly string[] =>
  order.filter((name) => !names.includes(name));

export const meanWithoutTokens: LayerRow<MeanWithoutTokens, Tokens> = {
  takes: ["tokens"],
  absent: "left out",
  flow: ({ layer, takes, misfit }) => {
    checkNames(layer.names, takes, misfit);
    return { kind: "vector", width: takes.width };
  },
  lower: (call) => meanOf(call, remaining(call.layer, call.takes)),
  facts: ({ layer, takes }) => ({ pooling: remaining(layer, takes) }),
};
