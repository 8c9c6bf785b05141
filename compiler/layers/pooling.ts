import type { AveragePooling, MaxPooling } from "../../spec/dsl/layers.ts";
import { checkNumbers, type Report } from "../diagnostics/report.ts";
import type { Image } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";
import type { FlowCall, LayerRow } from "./layer.ts";

type Pooling = AveragePooling | MaxPooling;

const check = ({ size }: Pooling, report: Report): void => {
  const whole = "a whole number of at least 1";
  checkNumbers(report, size, { bins: whole, frames: whole }, "size.");
};

const flow = ({ layer: { size }, takes, isWrong, misfit }: FlowCall<Pooling, Image>): Image => {
  if (isWrong) return takes;
  for (const axis of ["frames", "bins"] as const) {
    if (size[axis] <= takes[axis]) continue;
    misfit("pooling-fits-image", `parts of ${size[axis]} ${axis} do not fit an image of ${takes[axis]}`, "size");
  }
  const { patch, stride } = takes.along;
  return {
    ...takes,
    frames: Math.max(1, Math.floor(takes.frames / size.frames)),
    bins: Math.max(1, Math.floor(takes.bins / size.bins)),
    along: { patch: patch + (size.frames - 1) * stride, stride: stride * size.frames },
  };
};

/** Of each part along one axis; what does not fill a part at the end is left out. */
const along = (b: Builder, x: Value, axis: number, size: number, reduce: "reduceMean" | "reduceMax"): Value => {
  if (size === 1) return x;
  const { shape } = x.type;
  const length = Number(shape[axis]);
  const count = Math.floor(length / size);
  const whole = count * size === length ? x : b.slice(x, { starts: [0], ends: [count * size], axes: [axis] });
  const parts = b.reshape(whole, { shape: [...shape.slice(0, axis), count, size, ...shape.slice(axis + 1)] });
  return b[reduce](parts, { axes: [axis + 1], keepdims: 0 });
};

const poolingRow = (reduce: "reduceMean" | "reduceMax"): LayerRow<Pooling, Image> => ({
  check,
  takes: ["image"],
  absent: "apart",
  flow,
  lower: ({ layer: { size }, b, x }) => along(b, along(b, x, 2, size.frames, reduce), 3, size.bins, reduce),
});

export const averagePooling: LayerRow<AveragePooling, Image> = poolingRow("reduceMean");
export const maxPooling: LayerRow<MaxPooling, Image> = poolingRow("reduceMax");
