import type { GroupNorm } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { lengthOf, type Tokens } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import { checkDivides } from "./check-divides.ts";
import type { LayerRow } from "./layer.ts";

export const groupNorm: LayerRow<GroupNorm, Tokens, "weight" | "bias"> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { groups: "a whole number of at least 1", eps: "greater than 0" });
  },
  takes: ["tokens"],
  absent: "left out",
  flow: (call) => {
    checkDivides(call, "groups", call.layer.groups);
    return call.takes;
  },
  parameters: ({ takes: { width } }) => [
    { name: "weight", shape: [width], initializer: { kind: "ones" } },
    { name: "bias", shape: [width], initializer: { kind: "zeros" } },
  ],
  lower: ({ layer: { groups, eps = 1e-5 }, takes, b, x, parameters: { weight, bias }, presence }) => {
    const { width } = takes;
    const [batch = "batch"] = x.type.shape;
    const length = lengthOf(takes);
    const grouped = b.reshape(x, { shape: [batch, length, groups, width / groups] });
    const over = { axes: [1, 3], keepdims: 1 };
    const present = presence && b.reshape(presence.of(takes), { shape: [batch, length, 1, 1] });
    const count = present && b.mul(b.reduceSum(present, over), b.scalar(width / groups));
    /** Of each group of each clip, [batch, 1, groups, 1]. */
    const meanOf = (values: Value): Value =>
      present && count ? b.div(b.reduceSum(b.mul(values, present), over), count) : b.reduceMean(values, over);
    const centred = b.sub(grouped, meanOf(grouped));
    const variance = meanOf(b.mul(centred, centred));
    const normal = b.div(centred, b.sqrt(b.add(variance, b.scalar(eps))));
    return b.add(b.mul(b.reshape(normal, { shape: [batch, length, width] }), weight), bias);
  },
};
