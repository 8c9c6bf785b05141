import { truncatedNormal } from "../../spec/dsl/initializers.ts";
import type { Dense } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import type { Tokens, Vector } from "../ir/flow.ts";
import type { LayerRow, Standing } from "./layer.ts";
import { biasInitializer, checkInitializer, linear } from "./linear.ts";

const unitsOf = ({ layer: { units }, classCount }: Standing<Dense, Tokens | Vector>): number =>
  units === "classes" ? classCount : units;

export const dense: LayerRow<Dense, Tokens | Vector, "weight" | "bias"> = {
  check: (layer, report) => {
    if (layer.units !== "classes") checkNumbers(report, layer, { units: "a whole number of at least 1" });
    checkInitializer(layer.init, report);
  },
  takes: ["tokens", "vector"],
  absent: "apart",
  flow: (call) => ({ ...call.takes, width: unitsOf(call) }),
  parameters: (standing) => {
    const { init: initializer = truncatedNormal({ std: 0.02 }) } = standing.layer;
    const [units, { width }] = [unitsOf(standing), standing.takes];
    return [
      { name: "weight", shape: [units, width], initializer },
      { name: "bias", shape: [units], initializer: biasInitializer(initializer), fanIn: width },
    ];
  },
  lower: ({ b, x, parameters: { weight, bias } }) => linear(b, x, weight, bias),
  facts: (standing) => ({ units: unitsOf(standing) }),
};
