import { type Initializer, truncatedNormal } from "../../spec/dsl/initializers.ts";
import type { Attention } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { lengthOf, type Tokens } from "../ir/flow.ts";
import { checkDivides } from "./check-divides.ts";
import type { LayerRow } from "./layer.ts";
import { checkInitializer, linear } from "./linear.ts";

const zeros: Initializer = { kind: "zeros" };

export const attention: LayerRow<Attention, Tokens, "qkv.weight" | "qkv.bias" | "proj.weight" | "proj.bias"> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { heads: "a whole number of at least 1" });
    checkInitializer(layer.init, report);
  },
  takes: ["tokens"],
  absent: "left out",
  flow: (call) => {
    checkDivides(call, "heads", call.layer.heads);
    return call.takes;
  },
  parameters: ({ layer: { init: initializer = truncatedNormal({ std: 0.02 }) }, takes: { width } }) => [
    { name: "qkv.weight", shape: [3 * width, width], initializer },
    { name: "qkv.bias", shape: [3 * width], initializer: zeros },
    { name: "proj.weight", shape: [width, width], initializer },
    { name: "proj.bias", shape: [width], initializer: zeros },
  ],
  lower: ({ layer: { heads }, takes, b, x, parameters, presence }) => {
    const { width } = takes;
    const length = lengthOf(takes);
    const depth = width / heads;
    const [batch = "batch"] = x.type.shape;
    const projected = linear(b, x, parameters["qkv.weight"], parameters["qkv.bias"]);
    const byHead = b.transpose(b.reshape(projected, { shape: [batch, length, 3, heads, depth] }), {
      perm: [2, 0, 3, 1, 4],
    });
    const [queries, keys, values] = b
      .split(byHead, { axis: 0, split: [1, 1, 1] })
      .map((part) => b.reshape(part, { shape: [batch, heads, length, depth] }));
    if (!queries || !keys || !values) throw new Error("split gives three parts");

    // What no query may hear of is one more column of the product, which costs less than adding it to all scores.
    const asked = presence ? b.pad(queries, b.scalar(1), { pads: [0, 0, 0, 0, 0, 0, 0, 1] }) : queries;
    const heard = presence ? b.concat([keys, presence.keyBias(takes, heads)], { axis: 3 }) : keys;

    // Scaling the queries rather than the scores touches fewer elements.
    const scaled = b.mul(asked, b.scalar(1 / Math.sqrt(depth)));
    const scores = b.matMul(scaled, b.transpose(heard, { perm: [0, 1, 3, 2] }));
    const mixed = b.matMul(b.softmax(scores, { axis: -1 }), values);
    const joined = b.reshape(b.transpose(mixed, { perm: [0, 2, 1, 3] }), { shape: [batch, length, width] });
    return linear(b, joined, parameters["proj.weight"], parameters["proj.bias"]);
  },
  facts: ({ layer: { heads } }) => ({ heads }),
};
