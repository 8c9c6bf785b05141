import { type Dim, product } from "../artifact/dim.ts";
import type { GroupNorm } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { channelsOf, type Image, lengthOf, lengthsOf, type Tokens } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import { checkDivides } from "./check-divides.ts";
import type { LayerRow } from "./layer.ts";
import { perChannel } from "./per-channel.ts";

/** What flows with its groups apart, but for the batch, and the axes that a group's values lie along. */
const grouped = (
  flow: Image | Tokens,
  groups: number,
): { readonly lengths: readonly Dim[]; readonly axes: readonly number[] } => {
  const size = channelsOf(flow) / groups;
  return flow.kind === "image"
    ? { lengths: [groups, product([size, flow.frames, flow.bins])], axes: [2] }
    : { lengths: [lengthOf(flow), groups, size], axes: [1, 3] };
};

export const groupNorm: LayerRow<GroupNorm, Image | Tokens, "weight" | "bias"> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { groups: "a whole number of at least 1", eps: "greater than 0" });
  },
  takes: ["image", "tokens"],
  absent: "left out",
  flow: (call) => {
    checkDivides(call, "groups", call.layer.groups);
    return call.takes;
  },
  parameters: ({ takes }) => [
    { name: "weight", shape: [channelsOf(takes)], initializer: { kind: "ones" } },
    { name: "bias", shape: [channelsOf(takes)], initializer: { kind: "zeros" } },
  ],
  lower: ({ layer: { groups, eps = 1e-5 }, takes, b, x, parameters: { weight, bias }, presence }) => {
    const [batch = "batch"] = x.type.shape;
    const { lengths, axes } = grouped(takes, groups);
    const apart = b.reshape(x, { shape: [batch, ...lengths] });
    const over = { axes, keepdims: 1 };
    const present =
      presence && takes.kind === "tokens"
        ? b.reshape(presence.of(takes), { shape: [batch, lengthOf(takes), 1, 1] })
        : undefined;
    const count = present && b.mul(b.reduceSum(present, over), b.scalar(channelsOf(takes) / groups));
    /** Of each group of each clip. */
    const meanOf = (values: Value): Value =>
      present && count ? b.div(b.reduceSum(b.mul(values, present), over), count) : b.reduceMean(values, over);
    const centred = b.sub(apart, meanOf(apart));
    const variance = meanOf(b.mul(centred, centred));
    const normal = b.div(centred, b.sqrt(b.add(variance, b.scalar(eps))));
    const joined = b.reshape(normal, { shape: [batch, ...lengthsOf(takes)] });
    return b.add(b.mul(joined, perChannel(b, weight, takes)), perChannel(b, bias, takes));
  },
};
