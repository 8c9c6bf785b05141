import { truncatedNormal } from "../../spec/dsl/initializers.ts";
import type { Dense } from "../../spec/dsl/layers.ts";
import { expectFlow, type LowerLayer } from "./flow.ts";
import { biasInitializer, linear } from "./linear.ts";

export const lowerDense: LowerLayer<Dense> = (context, flow) => {
  const { layer, b, classCount, parameter } = context;
  const input = expectFlow(context, flow, "tokens", "vector");
  const units = layer.units === "classes" ? classCount : layer.units;
  const init = layer.init ?? truncatedNormal({ std: 0.02 });
  const weight = parameter("weight", [units, input.width], init);
  const bias = parameter("bias", [units], biasInitializer(init), input.width);
  return { ...input, value: linear(b, input.value, weight, bias), width: units };
};
