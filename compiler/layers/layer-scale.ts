import type { LayerScale } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { channelsOf, type Image, type Tokens, type Vector } from "../ir/flow.ts";
import type { LayerRow } from "./layer.ts";
import { perChannel } from "./per-channel.ts";

export const layerScale: LayerRow<LayerScale, Image | Tokens | Vector, "weight"> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { start: "a finite number" });
  },
  takes: ["image", "tokens", "vector"],
  absent: "apart",
  parameters: ({ layer: { start: value = 1e-5 }, takes }) => [
    { name: "weight", shape: [channelsOf(takes)], initializer: { kind: "constant", value } },
  ],
  lower: ({ takes, b, x, parameters: { weight } }) => b.mul(x, perChannel(b, weight, takes)),
};
