import type { Residual } from "../../spec/dsl/layers.ts";
import { type Flow, inTraining, lengthsOf } from "../ir/flow.ts";
import { printShape } from "../ir/shape.ts";
import type { LayerRow } from "./layer.ts";

const shapeOf = (flow: Flow): string => printShape(["batch", ...lengthsOf(flow)]);

export const residual: LayerRow<Residual, Flow> = {
  takes: ["spectrogram", "image", "tokens", "vector"],
  absent: "apart",
  branch: ({ layers }) => layers,
  flow: ({ takes, branch, misfit }) => {
    const compare = (when: string, before: Flow, after: Flow): boolean => {
      const [expected, found] = [shapeOf(before), shapeOf(after)];
      if (found === expected) return true;
      misfit("residual-keeps-shape", `a residual must keep its shape ${expected}, but ${when}its layers give ${found}`);
      return false;
    };
    if (branch && compare("", takes, branch)) compare("while training ", inTraining(takes), inTraining(branch));
    return takes;
  },
  lower: ({ b, x, lowerBranch }) => b.add(x, lowerBranch(x)),
};
