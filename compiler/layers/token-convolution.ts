import { type Initializer, truncatedNormal } from "../../spec/dsl/initializers.ts";
import type { TokenConvolution } from "../../spec/dsl/layers.ts";
import { patchesToken } from "../artifact/token-layout.ts";
import { sum } from "../artifact/dim.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { isAnyLength, placesOf, type Tokens } from "../ir/flow.ts";
import type { State, Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { checkDivides } from "./check-divides.ts";
import { checkWholeGrid } from "./check-whole-grid.ts";
import type { LayerRow, Standing } from "./layer.ts";
import { biasInitializer, checkInitializer } from "./linear.ts";

type Names = "weight" | "weight_g" | "weight_v" | "bias";

const initializerOf = ({
  layer: { kernel, init },
  takes: { width },
}: Standing<TokenConvolution, Tokens>): Initializer =>
  init ?? truncatedNormal({ std: Math.sqrt(4 / (kernel * width)) });

/** About the length of so many values as the initializer draws: what weight normalisation starts from, so that it changes nothing. */
const lengthOfDrawn = (initializer: Initializer, count: number, fanIn: number): State["initializer"] => {
  switch (initializer.kind) {
    case "truncatedNormal":
      return { kind: "constant", value: initializer.std * Math.sqrt(count) };
    case "uniformFanIn":
      return { kind: "constant", value: Math.sqrt(count / (3 * fanIn)) };
    case "zeros":
    case "ones":
      return { kind: "constant", value: Math.sqrt(count) };
  }
};

/** g v / |v|, where |v| is the length of a tap's values over all channels. */
const normalized = (b: Builder, g: Value, v: Value): Value => {
  const squares = b.reduceSum(b.mul(v, v), { axes: [0, 1], keepdims: 1 });
  return b.mul(v, b.div(g, b.sqrt(squares)));
};

export const tokenConvolution: LayerRow<TokenConvolution, Tokens, Names> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { kernel: "a whole number of at least 1", groups: "a whole number of at least 1" });
    checkInitializer(layer.init, report);
  },
  takes: ["tokens"],
  absent: "left out",
  flow: (call) => {
    const { layer, takes, misfit } = call;
    checkDivides(call, "groups", layer.groups ?? 1);
    checkWholeGrid(call);
    if (isAnyLength(takes))
      misfit("convolution-any-length", "tokenConvolution needs clips of one length; expected padOrCut");
    return takes;
  },
  parameters: (standing) => {
    const { kernel, groups = 1, weightNorm = false } = standing.layer;
    const { width } = standing.takes;
    const initializer = initializerOf(standing);
    const inner = width / groups;
    const shape = [width, inner, kernel];
    const bias = {
      name: "bias",
      shape: [width],
      initializer: biasInitializer(initializer),
      fanIn: inner * kernel,
    } as const;
    if (!weightNorm) return [{ name: "weight", shape, initializer }, bias];
    const start = lengthOfDrawn(initializer, width * inner, inner * kernel);
    return [
      { name: "weight_g", shape: [1, 1, kernel], initializer: start },
      { name: "weight_v", shape, initializer },
      bias,
    ];
  },
  lower: ({ layer, takes, b, x, parameters }) => {
    const { kernel, groups = 1, weightNorm = false, order = "frequencyFirst" } = layer;
    const { width, grid } = takes;
    const [batch = "batch"] = x.type.shape;
    const { first, count } = placesOf(takes, patchesToken);
    const isTurned = order === "timeFirst" && grid.rows > 1;
    const columns = Number(takes.columns);
    const swapped = (from: Value, lengths: readonly [number, number]): Value => {
      const apart = b.reshape(from, { shape: [batch, ...lengths, width] });
      return b.reshape(b.transpose(apart, { perm: [0, 2, 1, 3] }), { shape: [batch, count, width] });
    };

    const patches =
      takes.order.length === 1 ? x : b.slice(x, { starts: [first], ends: [sum([first, count])], axes: [1] });
    const ordered = isTurned ? swapped(patches, [grid.rows, columns]) : patches;
    const image = b.reshape(b.transpose(ordered, { perm: [0, 2, 1] }), { shape: [batch, width, 1, count] });
    const weight = weightNorm ? normalized(b, parameters.weight_g, parameters.weight_v) : parameters.weight;
    const zeros = Math.floor(kernel / 2);
    const found = b.conv(image, b.reshape(weight, { shape: [width, width / groups, 1, kernel] }), parameters.bias, {
      group: groups,
      strides: [1, 1],
      dilations: [1, 1],
      pads: [0, zeros, 0, kernel - 1 - zeros],
    });
    const back = b.transpose(b.reshape(found, { shape: [batch, width, count] }), { perm: [0, 2, 1] });
    const placed = isTurned ? swapped(back, [columns, grid.rows]) : back;
    const before = takes.order.indexOf(patchesToken);
    const after = takes.order.length - 1 - before;
    return takes.order.length === 1 ? placed : b.pad(placed, b.scalar(0), { pads: [0, before, 0, 0, after, 0] });
  },
};
