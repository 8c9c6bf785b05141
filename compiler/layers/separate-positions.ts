import { truncatedNormal } from "../../spec/dsl/initializers.ts";
import type { SeparatePositions } from "../../spec/dsl/layers.ts";
import type { Tokens } from "../ir/flow.ts";
import { checkWholeGrid } from "./check-whole-grid.ts";
import type { LayerRow } from "./layer.ts";
import { checkInitializer } from "./linear.ts";
import { ofPatches } from "./of-patches.ts";
import { shares } from "./positional-embedding.ts";

export const separatePositions: LayerRow<SeparatePositions, Tokens, "frequency" | "time"> = {
  check: (layer, report) => checkInitializer(layer.init, report),
  takes: ["tokens"],
  absent: "left out",
  flow: (call) => {
    checkWholeGrid(call);
    return call.takes;
  },
  parameters: ({ layer: { init: initializer = truncatedNormal({ std: 0.02 }) }, takes: { grid, width } }) => [
    { name: "frequency", shape: [1, grid.rows, width], initializer },
    { name: "time", shape: [1, grid.columns, width], initializer },
  ],
  lower: ({ takes, b, x, parameters: { frequency, time }, presence }) => {
    const fitted = presence ? b.matMul(shares(b, takes, presence.columns(takes)), time) : time;
    return b.add(x, ofPatches(b, takes, frequency, fitted));
  },
};
