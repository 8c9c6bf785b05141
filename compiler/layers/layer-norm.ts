import type { LayerNorm } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import type { Tokens, Vector } from "../ir/flow.ts";
import type { LayerRow } from "./layer.ts";

export const layerNorm: LayerRow<LayerNorm, Tokens | Vector, "weight" | "bias"> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { eps: "greater than 0" });
  },
  takes: ["tokens", "vector"],
  absent: "apart",
  parameters: ({ takes: { width } }) => [
    { name: "weight", shape: [width], initializer: { kind: "ones" } },
    { name: "bias", shape: [width], initializer: { kind: "zeros" } },
  ],
  lower: ({ layer, b, x, parameters: { weight, bias } }) =>
    b.layerNormalization(x, weight, bias, { axis: -1, epsilon: layer.eps }).y,
  facts: ({ layer }) => ({ layerNormEps: layer.eps }),
};
