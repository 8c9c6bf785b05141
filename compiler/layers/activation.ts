import type { Activation } from "../../spec/dsl/layers.ts";
import type { Flow } from "../ir/flow.ts";
import type { LayerRow } from "./layer.ts";

export const activation: LayerRow<Activation, Flow> = {
  name: ({ name }) => name,
  builder: ({ name }) => name,
  takes: ["spectrogram", "image", "tokens", "vector"],
  absent: "apart",
  lower: ({ layer: { name }, b, x }) => (name === "silu" ? b.mul(x, b.sigmoid(x)) : b[name](x)),
  facts: ({ layer }) => ({ activation: layer.name }),
};
