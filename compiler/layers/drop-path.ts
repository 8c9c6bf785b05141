import type { DropPath } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import type { Flow } from "../ir/flow.ts";
import type { LayerRow } from "./layer.ts";

export const dropPath: LayerRow<DropPath, Flow> = {
  check: (layer, report, endsBranch) => {
    checkNumbers(report, layer, { rate: "at least 0 and less than 1" });
    if (endsBranch) return;
    report.add("drop-path-ends-residual", "dropPath leaves out a residual's branch; expected last in one", layer);
  },
  takes: ["spectrogram", "image", "tokens", "vector"],
  absent: "apart",
  lower: ({ x }) => x,
  lowerForTraining: ({ layer: { rate }, b, x, path }) => {
    if (rate === 0) return x;
    const [batch = "batch", ...rest] = x.type.shape;
    const kept = b.draw(`${path}.kept`, { dtype: "float32", shape: [batch] }, { kind: "bernoulli", chance: 1 - rate });
    const scale = b.reshape(b.mul(kept, b.scalar(1 / (1 - rate))), { shape: [batch, ...rest.map(() => 1)] });
    return b.mul(x, scale);
  },
  facts: ({ layer: { rate } }) => ({ trainingOnly: true, ...(rate === 0 ? {} : { drawnPerClip: 1 }) }),
};
