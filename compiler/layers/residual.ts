import type { Residual } from "../../spec/dsl/layers.ts";
import { type Flow, lengthsOf } from "../ir/flow.ts";
import { printShape } from "../ir/shape.ts";
import type { LayerRow } from "./layer.ts";

const shapeOf = (flow: Flow): string => printShape(["batch", ...lengthsOf(flow)]);

export const residual: LayerRow<Residual, Flow> = {
  takes: ["spectrogram", "tokens", "vector"],
  inner: ({ layers }) => layers,
  flow: ({ takes, inner, misfit }) => {
    const [before, after] = [shapeOf(takes), inner && shapeOf(inner)];
    if (after !== undefined && after !== before) {
      misfit("residual-keeps-shape", `a residual must keep its shape ${before}, but its layers give ${after}`);
    }
    return takes;
  },
  lower: ({ b, x, lowerInner }) => b.add(x, lowerInner(x)),
};
