import { uniformFanIn } from "../../spec/dsl/initializers.ts";
import type { PatchEmbedding } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { patchesToken } from "../artifact/token-layout.ts";
import { type Grid, patchesAlong, type Spectrogram } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";
import type { LayerRow } from "./layer.ts";
import { biasInitializer, checkInitializer, linear } from "./linear.ts";

const gridOf = ({ patch, stride }: PatchEmbedding, { bins, frames }: Spectrogram): Grid => ({
  rows: patchesAlong(bins, patch.bins, stride.bins),
  columns: patchesAlong(frames, patch.frames, stride.frames),
});

/** Windows along one axis: [.., length, ..] -> [.., count * patch, ..]; overlapping samples are repeated. */
const unfold = (b: Builder, x: Value, axis: number, patch: number, stride: number, count: number): Value => {
  if (patch === stride) return b.slice(x, { starts: [0], ends: [count * patch], axes: [axis] });
  const picks = Array.from(
    { length: count * patch },
    (_, index) => Math.floor(index / patch) * stride + (index % patch),
  );
  return b.gather(x, b.int64s(picks), { axis });
};

export const patchEmbedding: LayerRow<PatchEmbedding, Spectrogram, "weight" | "bias"> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { width: "a whole number of at least 1" });
    const rules = { bins: "a whole number of at least 1", frames: "a whole number of at least 1" } as const;
    checkNumbers(report, layer.patch, rules, "patch.");
    checkNumbers(report, layer.stride, rules, "stride.");
    checkInitializer(layer.init, report);
  },
  takes: ["spectrogram"],
  flow: ({ layer, takes, isWrong, misfit }) => {
    const { patch, width } = layer;
    for (const axis of ["bins", "frames"] as const) {
      if (isWrong || patch[axis] <= takes[axis]) continue;
      const message = `a patch of ${patch[axis]} ${axis} does not fit a spectrogram of ${takes[axis]}`;
      misfit("patch-fits-spectrogram", message, "patch");
    }
    const { rows, columns } = gridOf(layer, takes);
    // A patch that does not fit is taken as one that just does.
    const grid = { rows: Math.max(rows, 1), columns: Math.max(columns, 1) };
    return { kind: "tokens", length: grid.rows * grid.columns, width, grid, order: [patchesToken] };
  },
  parameters: ({ layer: { patch, width, init: initializer = uniformFanIn() } }) => [
    { name: "weight", shape: [width, 1, patch.bins, patch.frames], initializer },
    { name: "bias", shape: [width], initializer: biasInitializer(initializer), fanIn: patch.bins * patch.frames },
  ],
  /** Patches are unfolded and multiplied: the convolution of the reference (input [1, bins, frames]) as a matrix product. */
  lower: ({ layer, takes, b, x, parameters: { weight, bias } }) => {
    const { patch, stride, width } = layer;
    const { rows, columns } = gridOf(layer, takes);
    const [batch = "batch"] = x.type.shape;
    const alongBins = unfold(b, x, 2, patch.bins, stride.bins, rows);
    const unfolded = unfold(b, alongBins, 1, patch.frames, stride.frames, columns);
    const grid = b.reshape(unfolded, { shape: [batch, columns, patch.frames, rows, patch.bins] });
    const patches = b.reshape(b.transpose(grid, { perm: [0, 3, 1, 4, 2] }), {
      shape: [batch, rows * columns, patch.bins * patch.frames],
    });
    const kernel = b.reshape(weight, { shape: [width, patch.bins * patch.frames] });
    return linear(b, patches, kernel, bias);
  },
  facts: ({ layer: { patch, stride } }) => ({ patch, stride }),
};
