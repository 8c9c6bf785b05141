import { patchesToken } from "../artifact/token-layout.ts";
import type { MaxOfTokens } from "../../spec/dsl/layers.ts";
import { lengthOf, placesOf, type Tokens } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { LayerRow, LowerCall } from "./layer.ts";
import { checkNames, pick } from "./mean-of-tokens.ts";

/** In the place of absent tokens a clip's first patch, which is its own: that changes no maximum. */
const fillAbsent = ({
  takes,
  b,
  x,
  presence,
}: Pick<LowerCall<MaxOfTokens, Tokens, never, never>, "takes" | "b" | "x" | "presence">): Value => {
  if (!presence) return x;
  const [batch = "batch"] = x.type.shape;
  const { first } = placesOf(takes, patchesToken);
  const patch = b.slice(x, { starts: [first], ends: [Number(first) + 1], axes: [1] });
  const present = b.reshape(presence.of(takes), { shape: [batch, lengthOf(takes), 1] });
  return b.where(b.less(b.scalar(0.5), present), x, patch);
};

export const maxOfTokens: LayerRow<MaxOfTokens, Tokens> = {
  takes: ["tokens"],
  absent: "left out",
  flow: ({ layer, takes, misfit }) => {
    checkNames(layer.names, takes, misfit);
    return { kind: "vector", width: takes.width };
  },
  lower: ({ layer: { names }, takes, b, x, presence }) => {
    const heard = names.length > 0 ? pick(b, x, takes, names) : fillAbsent({ takes, b, x, presence });
    return b.reduceMax(heard, { axes: [1], keepdims: 0 });
  },
  facts: ({ layer: { names }, takes: { order } }) => ({ pooling: names.length > 0 ? names : order }),
};
