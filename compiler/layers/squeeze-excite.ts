import { truncatedNormal } from "../../spec/dsl/initializers.ts";
import type { SqueezeExcite } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { channelsOf, type Image, type Tokens } from "../ir/flow.ts";
import type { LayerRow } from "./layer.ts";
import { biasInitializer, checkInitializer, linear } from "./linear.ts";
import { meanOf } from "./mean-of-tokens.ts";

type Names = "reduce.weight" | "reduce.bias" | "expand.weight" | "expand.bias";

export const squeezeExcite: LayerRow<SqueezeExcite, Image | Tokens, Names> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { units: "a whole number of at least 1" });
    checkInitializer(layer.init, report);
  },
  takes: ["image", "tokens"],
  absent: "left out",
  parameters: ({ layer: { units, init: initializer = truncatedNormal({ std: 0.02 }) }, takes }) => {
    const width = channelsOf(takes);
    return [
      { name: "reduce.weight", shape: [units, width], initializer },
      { name: "reduce.bias", shape: [units], initializer: biasInitializer(initializer), fanIn: width },
      { name: "expand.weight", shape: [width, units], initializer },
      { name: "expand.bias", shape: [width], initializer: biasInitializer(initializer), fanIn: units },
    ];
  },
  lower: ({ takes, b, x, parameters, presence }) => {
    const width = channelsOf(takes);
    const [batch = "batch"] = x.type.shape;
    const mean =
      takes.kind === "image" ? b.reduceMean(x, { axes: [2, 3], keepdims: 0 }) : meanOf({ b, x, takes, presence }, []);
    const reduced = b.relu(linear(b, mean, parameters["reduce.weight"], parameters["reduce.bias"]));
    const scale = b.sigmoid(linear(b, reduced, parameters["expand.weight"], parameters["expand.bias"]));
    const shape = takes.kind === "image" ? [batch, width, 1, 1] : [batch, 1, width];
    return b.mul(x, b.reshape(scale, { shape }));
  },
};
