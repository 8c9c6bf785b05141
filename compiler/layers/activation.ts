import type { Activation } from "../../spec/dsl/layers.ts";
import type { LowerLayer } from "./flow.ts";

export const lowerActivation: LowerLayer<Activation> = ({ layer, b }, flow) => ({
  ...flow,
  value: b[layer.name](flow.value),
});
