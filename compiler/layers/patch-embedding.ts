import { uniformFanIn } from "../../spec/dsl/initializers.ts";
import type { PatchEmbedding } from "../../spec/dsl/layers.ts";
import type { Builder } from "../ops/builder.ts";
import type { Value } from "../ir/graph.ts";
import { expectFlow, type LowerLayer } from "./flow.ts";
import { biasInitializer, linear } from "./linear.ts";

/** Windows along one axis: [.., length, ..] -> [.., count * patch, ..]; overlapping samples are repeated. */
const unfold = (b: Builder, x: Value, axis: number, patch: number, stride: number, count: number): Value => {
  if (patch === stride) return b.slice(x, { starts: [0], ends: [count * patch], axes: [axis] });
  const picks = Array.from(
    { length: count * patch },
    (_, index) => Math.floor(index / patch) * stride + (index % patch),
  );
  return b.gather(x, b.int64s(picks), { axis });
};

/** Patches are unfolded and multiplied: the convolution of the reference (input [1, bins, frames]) as a matrix product. */
export const lowerPatchEmbedding: LowerLayer<PatchEmbedding> = (context, flow) => {
  const { layer, b, parameter, fail } = context;
  const { value, frames, bins } = expectFlow(context, flow, "spectrogram");
  const { patch, stride, width } = layer;
  for (const [axis, length] of [
    ["bins", bins],
    ["frames", frames],
  ] as const) {
    if (patch[axis] > length) {
      fail(
        "patch-fits-spectrogram",
        `a patch of ${patch[axis]} ${axis} does not fit a spectrogram of ${length}`,
        "patch",
      );
    }
  }
  const rows = Math.floor((bins - patch.bins) / stride.bins) + 1;
  const columns = Math.floor((frames - patch.frames) / stride.frames) + 1;
  const [batch = "batch"] = value.type.shape;

  const init = layer.init ?? uniformFanIn();
  const weight = parameter("weight", [width, 1, patch.bins, patch.frames], init);
  const bias = parameter("bias", [width], biasInitializer(init), patch.bins * patch.frames);

  const alongBins = unfold(b, value, 2, patch.bins, stride.bins, rows);
  const unfolded = unfold(b, alongBins, 1, patch.frames, stride.frames, columns);
  const grid = b.reshape(unfolded, { shape: [batch, columns, patch.frames, rows, patch.bins] });
  const patches = b.reshape(b.transpose(grid, { perm: [0, 3, 1, 4, 2] }), {
    shape: [batch, rows * columns, patch.bins * patch.frames],
  });
  const kernel = b.reshape(weight, { shape: [width, patch.bins * patch.frames] });
  return { kind: "tokens", value: linear(b, patches, kernel, bias), length: rows * columns, width, named: new Map() };
};
