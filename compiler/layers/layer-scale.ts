import type { LayerScale } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import type { Tokens, Vector } from "../ir/flow.ts";
import type { LayerRow } from "./layer.ts";

export const layerScale: LayerRow<LayerScale, Tokens | Vector, "weight"> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { start: "a finite number" });
  },
  takes: ["tokens", "vector"],
  absent: "apart",
  parameters: ({ layer: { start: value = 1e-5 }, takes: { width } }) => [
    { name: "weight", shape: [width], initializer: { kind: "constant", value } },
  ],
  lower: ({ b, x, parameters: { weight } }) => b.mul(x, weight),
};
