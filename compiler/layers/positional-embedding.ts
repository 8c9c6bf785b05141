import { product } from "../artifact/dim.ts";
import { truncatedNormal } from "../../spec/dsl/initializers.ts";
import type { PositionalEmbedding } from "../../spec/dsl/layers.ts";
import { patchesToken } from "../artifact/token-layout.ts";
import { heldFlow, lengthOf, placesOf, type Tokens } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { progression } from "../ops/progression.ts";
import { checkWholeGrid } from "./check-whole-grid.ts";
import type { LayerRow } from "./layer.ts";

/**
 * Which held columns make up each column of a clip's patches, in which shares, as a checkpoint's positions are adapted to another grid
 * (`weights/adapt-positions.ts`): cut from the centre where the clip has no more columns than are held, otherwise interpolated.
 * @param own columns that the clip has, [batch, 1]
 * @returns [batch, columns, held]; those of absent columns are of no meaning
 */
export const shares = (b: Builder, { columns, grid: { columns: held } }: Tokens, own: Value): Value => {
  const [batch = "batch"] = own.type.shape;
  const places = progression(b, "length/places", 0, 1, [columns]);
  const half = b.floor(b.mul(own, b.scalar(1 / 2)));
  const cut = b.add(places, b.sub(b.scalar(Math.floor(held / 2)), half));
  const centres = b.mul(b.add(places, b.scalar(1 / 2)), b.div(b.scalar(held), own));
  const between = b.relu(b.sub(centres, b.scalar(1 / 2)));
  const sources = b.where(b.less(b.scalar(held), own), between, cut);
  // min(sources, held - 1), as max of the negatives.
  const inside = b.neg(b.clip(b.neg(sources), b.scalar(1 - held)));
  const heldPlaces = b.constant(
    `length/held.${held}`,
    [held],
    Float32Array.from({ length: held }, (_, place) => place),
  );
  const distance = b.abs(b.sub(b.reshape(inside, { shape: [batch, columns, 1] }), heldPlaces));
  return b.relu(b.sub(b.scalar(1), distance));
};

/** The positions of each clip's tokens, [batch, tokens, width], of those that are held. */
const fitPositions = (b: Builder, x: Value, weight: Value, flow: Tokens, own: Value): Value => {
  const [batch = "batch"] = own.type.shape;
  const { grid, columns, order, width } = flow;
  const held = heldFlow(flow);
  const fractions = b.reshape(shares(b, flow, own), { shape: [batch, 1, columns, grid.columns] });
  const parts = order.map((token) => {
    const { first, count } = placesOf(held, token);
    const part = b.slice(weight, { starts: [first], ends: [Number(first) + Number(count)], axes: [1] });
    if (token !== patchesToken)
      return b.expand(part, b.shape(b.slice(x, { starts: [0], ends: [1], axes: [1] })), { to: [batch, 1, width] });
    const rows = b.reshape(part, { shape: [1, grid.rows, grid.columns, width] });
    return b.reshape(b.matMul(fractions, rows), { shape: [batch, product([grid.rows, columns]), width] });
  });
  return parts.length === 1 && parts[0] ? parts[0] : b.concat(parts, { axis: 1 });
};

export const positionalEmbedding: LayerRow<PositionalEmbedding, Tokens, "weight"> = {
  takes: ["tokens"],
  absent: "left out",
  flow: (call) => {
    checkWholeGrid(call);
    return call.takes;
  },
  parameters: ({ takes }) => [
    {
      name: "weight",
      shape: [1, Number(lengthOf(heldFlow(takes))), takes.width],
      initializer: truncatedNormal({ std: 0.02 }),
    },
  ],
  lower: ({ takes, b, x, parameters: { weight }, presence }) =>
    b.add(x, presence ? fitPositions(b, x, weight, takes, presence.columns(takes)) : weight),
};
