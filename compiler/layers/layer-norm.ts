import type { LayerNorm } from "../../spec/dsl/layers.ts";
import { expectFlow, type LowerLayer } from "./flow.ts";

export const lowerLayerNorm: LowerLayer<LayerNorm> = (context, flow) => {
  const { layer, b, parameter } = context;
  const { width } = expectFlow(context, flow, "tokens", "vector");
  const scale = parameter("weight", [width], { kind: "ones" });
  const bias = parameter("bias", [width], { kind: "zeros" });
  return { ...flow, value: b.layerNormalization(flow.value, scale, bias, { axis: -1, epsilon: layer.eps }).y };
};
