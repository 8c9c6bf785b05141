import { truncatedNormal } from "../../spec/dsl/initializers.ts";
import type { AttentionPooling } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { lengthOf, type Tokens } from "../ir/flow.ts";
import { checkDivides } from "./check-divides.ts";
import type { LayerRow } from "./layer.ts";
import { checkInitializer, linear } from "./linear.ts";

type Names = "query" | "kv.weight" | "kv.bias" | "proj.weight" | "proj.bias";

export const attentionPooling: LayerRow<AttentionPooling, Tokens, Names> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { heads: "a whole number of at least 1" });
    checkInitializer(layer.init, report);
  },
  takes: ["tokens"],
  absent: "left out",
  flow: (call) => {
    checkDivides(call, "heads", call.layer.heads);
    return { kind: "vector", width: call.takes.width };
  },
  parameters: ({ layer: { init: initializer = truncatedNormal({ std: 0.02 }) }, takes: { width } }) => [
    { name: "query", shape: [1, 1, width], initializer },
    { name: "kv.weight", shape: [2 * width, width], initializer },
    { name: "kv.bias", shape: [2 * width], initializer: { kind: "zeros" } },
    { name: "proj.weight", shape: [width, width], initializer },
    { name: "proj.bias", shape: [width], initializer: { kind: "zeros" } },
  ],
  lower: ({ layer: { heads }, takes, b, x, parameters, presence }) => {
    const { width } = takes;
    const length = lengthOf(takes);
    const depth = width / heads;
    const [batch = "batch"] = x.type.shape;
    const projected = linear(b, x, parameters["kv.weight"], parameters["kv.bias"]);
    const byHead = b.transpose(b.reshape(projected, { shape: [batch, length, 2, heads, depth] }), {
      perm: [2, 0, 3, 1, 4],
    });
    const [keys, values] = b
      .split(byHead, { axis: 0, split: [1, 1] })
      .map((part) => b.reshape(part, { shape: [batch, heads, length, depth] }));
    if (!keys || !values) throw new Error("split gives two parts");

    const query = b.reshape(parameters.query, { shape: [1, heads, 1, depth] });
    // As in `attention`: what the query may not hear of is one more column of the product.
    const asked = presence ? b.pad(query, b.scalar(1), { pads: [0, 0, 0, 0, 0, 0, 0, 1] }) : query;
    const heard = presence ? b.concat([keys, presence.keyBias(takes, heads)], { axis: 3 }) : keys;
    const scaled = b.mul(asked, b.scalar(1 / Math.sqrt(depth)));
    const scores = b.matMul(scaled, b.transpose(heard, { perm: [0, 1, 3, 2] }));
    const mixed = b.matMul(b.softmax(scores, { axis: -1 }), values);
    return linear(b, b.reshape(mixed, { shape: [batch, width] }), parameters["proj.weight"], parameters["proj.bias"]);
  },
  facts: ({ takes: { order } }) => ({ pooling: order }),
};
