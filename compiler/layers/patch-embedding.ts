import { type Dim, leastLength, product, sum } from "../artifact/dim.ts";
import { uniformFanIn } from "../../spec/dsl/initializers.ts";
import type { PatchEmbedding } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { patchesToken } from "../artifact/token-layout.ts";
import { columnsAlong, type Grid, isAnyLength, patchesAlong, type Spectrogram } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";
import type { LayerRow } from "./layer.ts";
import { biasInitializer, checkInitializer, linear } from "./linear.ts";

/** That positions are held for. */
const gridOf = ({ patch, stride }: PatchEmbedding, { bins, heldFrames }: Spectrogram): Grid => ({
  rows: patchesAlong(bins, patch.bins, stride.bins),
  columns: patchesAlong(heldFrames, patch.frames, stride.frames),
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

/**
 * The same along the first axis after the batch, [batch, length, bins] -> [batch, count, patch, bins], where only a run knows the
 * length: of parts as long as the stride, so that no list of places is needed.
 */
const unfoldAlong = (b: Builder, x: Value, patch: number, stride: number, count: Dim): Value => {
  const [batch = "batch", , bins = 1] = x.type.shape;
  const parts = Math.ceil(patch / stride);
  const whole = sum([count, parts - 1]);
  // The last part may reach beyond the last frame, and what it has there is not taken; nor are frames after the last patch.
  const padded = b.pad(x, b.scalar(0), { pads: [0, 0, 0, 0, parts * stride, 0] });
  const fitted = b.slice(padded, { starts: [0], ends: [product([whole, stride])], axes: [1] });
  const grid = b.reshape(fitted, { shape: [batch, whole, stride, bins] });
  const taken = Array.from({ length: parts }, (_, part) => {
    const width = Math.min(stride, patch - part * stride);
    return b.slice(grid, { starts: [part, 0], ends: [sum([count, part]), width], axes: [1, 2] });
  });
  const [only, ...others] = taken;
  return only && others.length === 0 ? only : b.concat(taken, { axis: 2 });
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
  absent: "left out",
  flow: ({ layer, takes, isWrong, misfit }) => {
    const { patch, width } = layer;
    for (const axis of ["bins", "frames"] as const) {
      const length = leastLength(takes[axis]);
      if (isWrong || patch[axis] <= length) continue;
      const clips = typeof takes[axis] === "number" ? "a spectrogram" : "the shortest spectrogram,";
      const message = `a patch of ${patch[axis]} ${axis} does not fit ${clips} of ${length}`;
      misfit("patch-fits-spectrogram", message, "patch");
    }
    const held = gridOf(layer, takes);
    // A patch that does not fit is taken as one that just does.
    const grid = { rows: Math.max(held.rows, 1), columns: Math.max(held.columns, 1) };
    const along = { patch: patch.frames, stride: layer.stride.frames };
    const columns = isAnyLength(takes) ? columnsAlong(takes.frames, along.patch, along.stride) : grid.columns;
    return { kind: "tokens", columns, width, along, grid, order: [patchesToken] };
  },
  parameters: ({ layer: { patch, width, init: initializer = uniformFanIn() } }) => [
    { name: "weight", shape: [width, 1, patch.bins, patch.frames], initializer },
    { name: "bias", shape: [width], initializer: biasInitializer(initializer), fanIn: patch.bins * patch.frames },
  ],
  /** Patches are unfolded and multiplied: the convolution of the reference (input [1, bins, frames]) as a matrix product. */
  lower: ({ layer, takes, b, x, parameters: { weight, bias } }) => {
    const { patch, stride, width } = layer;
    const { rows } = gridOf(layer, takes);
    const [batch = "batch"] = x.type.shape;
    const columns = columnsAlong(takes.frames, patch.frames, stride.frames);
    const alongBins = unfold(b, x, 2, patch.bins, stride.bins, rows);
    const unfolded =
      typeof columns === "number"
        ? unfold(b, alongBins, 1, patch.frames, stride.frames, columns)
        : unfoldAlong(b, alongBins, patch.frames, stride.frames, columns);
    const grid = b.reshape(unfolded, { shape: [batch, columns, patch.frames, rows, patch.bins] });
    const patches = b.reshape(b.transpose(grid, { perm: [0, 3, 1, 4, 2] }), {
      shape: [batch, product([rows, columns]), patch.bins * patch.frames],
    });
    const kernel = b.reshape(weight, { shape: [width, patch.bins * patch.frames] });
    return linear(b, patches, kernel, bias);
  },
  facts: ({ layer: { patch, stride } }) => ({ patch, stride }),
};
