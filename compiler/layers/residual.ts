import type { Residual } from "../../spec/dsl/layers.ts";
import { type Flow, lengthsOf } from "../ir/flow.ts";
import { printShape } from "../ir/shape.ts";
import type { LayerRow } from "./layer.ts";

const shapeOf = (flow: Flow): string => printShape(["batch", ...lengthsOf(flow)]);

export const residual: LayerRow<Residual, Flow> = {
  takes: ["spectrogram", "tokens", "vector"],
  absent: "apart",
  branch: ({ layers }) => layers,
  flow: ({ takes, branch, misfit }) => {
    const [before, after] = [shapeOf(takes), branch && shapeOf(branch)];
    if (after !== undefined && after !== before) {
      misfit("residual-keeps-shape", `a residual must keep its shape ${before}, but its layers give ${after}`);
    }
    return takes;
  },
  lower: ({ b, x, lowerBranch }) => b.add(x, lowerBranch(x)),
};
