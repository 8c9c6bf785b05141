import { product } from "../artifact/dim.ts";
import type { Dropout } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { type Flow, inTraining, lengthsOf } from "../ir/flow.ts";
import type { LayerRow } from "./layer.ts";

export const dropout: LayerRow<Dropout, Flow> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { rate: "at least 0 and less than 1" });
  },
  takes: ["spectrogram", "image", "tokens", "vector"],
  absent: "apart",
  lower: ({ x }) => x,
  lowerForTraining: ({ layer: { rate }, b, x, path }) => {
    if (rate === 0) return x;
    const { shape } = x.type;
    const kept = b.draw(`${path}.kept`, { dtype: "float32", shape }, { kind: "bernoulli", chance: 1 - rate });
    return b.mul(x, b.mul(kept, b.scalar(1 / (1 - rate))));
  },
  facts: ({ layer: { rate }, takes }) => ({
    trainingOnly: true,
    ...(rate === 0 ? {} : { drawnPerClip: product(lengthsOf(inTraining(takes))) }),
  }),
};
