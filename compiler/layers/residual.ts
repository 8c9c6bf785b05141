import type { Residual } from "../../spec/dsl/layers.ts";
import { printShape, sameShape } from "../ir/shape.ts";
import type { LowerLayer } from "./flow.ts";

export const lowerResidual: LowerLayer<Residual> = ({ b, inner, lowerLayers, fail }, flow) => {
  const after = lowerLayers(inner, flow);
  const { shape } = after.value.type;
  if (!sameShape(shape, flow.value.type.shape)) {
    fail(
      "residual-keeps-shape",
      `a residual must keep its shape ${printShape(flow.value.type.shape)}, but its layers give ${printShape(shape)}`,
    );
  }
  return { ...flow, value: b.add(flow.value, after.value) };
};
