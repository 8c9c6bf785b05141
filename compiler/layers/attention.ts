import { type Initializer, truncatedNormal } from "../../spec/dsl/initializers.ts";
import type { Attention } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { lengthOf, type Tokens } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { checkDivides } from "./check-divides.ts";
import type { LayerRow } from "./layer.ts";
import { biasInitializer, checkInitializer, linear } from "./linear.ts";
import { biasOf, checkRelative } from "./relative-positions.ts";

const zeros: Initializer = { kind: "zeros" };

type Gate = "gate.weight" | "gate.bias" | "gate.scale";
type Names = "qkv.weight" | "qkv.bias" | "proj.weight" | "proj.bias" | Gate;

/**
 * How much each query hears of relative positions, [batch, heads, tokens, 1] (BEATs' `gru_rel_pos`): a (b s - 1) + 2, where a and b are
 * sigmoids of the sums of four values each of a linear map of the query, and s is a number of each head.
 */
const gateOf = (b: Builder, queries: Value, parameters: Readonly<Record<Gate, Value>>): Value => {
  const mapped = linear(b, queries, parameters["gate.weight"], parameters["gate.bias"]);
  const lead = mapped.type.shape.slice(0, -1);
  const sums = b.reduceSum(b.reshape(mapped, { shape: [...lead, 2, 4] }), { axes: [4], keepdims: 0 });
  const [first, second] = b.split(b.sigmoid(sums), { axis: 3, split: [1, 1] });
  if (!first || !second) throw new Error("split gives two parts");
  const inner = b.sub(b.mul(second, parameters["gate.scale"]), b.scalar(1));
  return b.add(b.mul(first, inner), b.scalar(2));
};

export const attention: LayerRow<Attention, Tokens, Names> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { heads: "a whole number of at least 1" });
    checkInitializer(layer.init, report);
  },
  takes: ["tokens"],
  absent: "left out",
  flow: (call) => {
    const { layer, takes, misfit } = call;
    checkDivides(call, "heads", layer.heads);
    checkRelative(call, layer.heads);
    if (layer.gated === true && !takes.relative) {
      const message =
        "gated says how much is heard of relative positions, and none reach this attention; expected relativePositions or bucketedPositions before it";
      misfit("gated-without-positions", message, "gated");
    }
    return takes;
  },
  parameters: ({
    layer: { heads, gated = false, init: initializer = truncatedNormal({ std: 0.02 }) },
    takes: { width },
  }) => [
    { name: "qkv.weight", shape: [3 * width, width], initializer },
    { name: "qkv.bias", shape: [3 * width], initializer: zeros },
    { name: "proj.weight", shape: [width, width], initializer },
    { name: "proj.bias", shape: [width], initializer: zeros },
    ...(gated
      ? ([
          { name: "gate.weight", shape: [8, width / heads], initializer },
          { name: "gate.bias", shape: [8], initializer: biasInitializer(initializer), fanIn: width / heads },
          { name: "gate.scale", shape: [1, heads, 1, 1], initializer: { kind: "ones" } },
        ] as const)
      : []),
  ],
  lower: ({ layer: { heads, gated = false }, takes, b, x, parameters, presence, beside }) => {
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
    const products = b.matMul(scaled, b.transpose(heard, { perm: [0, 1, 3, 2] }));
    const bias = biasOf(takes, beside);
    const gate = bias && gated ? gateOf(b, queries, parameters) : undefined;
    const scores = bias ? b.add(products, gate ? b.mul(gate, bias) : bias) : products;
    const mixed = b.matMul(b.softmax(scores, { axis: -1 }), values);
    const joined = b.reshape(b.transpose(mixed, { perm: [0, 2, 1, 3] }), { shape: [batch, length, width] });
    return linear(b, joined, parameters["proj.weight"], parameters["proj.bias"]);
  },
  facts: ({ layer: { heads }, takes: { relative } }) => ({ heads, ...(relative ? { hears: relative.path } : {}) }),
};
