import { uniformFanIn } from "../../spec/dsl/initializers.ts";
import type { Convolution, Extent } from "../../spec/dsl/layers.ts";
import { leastLength } from "../artifact/dim.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { type Image, isAnyLength, type Spectrogram } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { divisors } from "./check-divides.ts";
import type { LayerRow } from "./layer.ts";
import { biasInitializer, checkInitializer } from "./linear.ts";

/** What reaches it as an image; a spectrogram has one channel. Clips have one length. */
const asImage = (flow: Spectrogram | Image): Image =>
  flow.kind === "image"
    ? flow
    : {
        kind: "image",
        channels: 1,
        frames: leastLength(flow.frames),
        bins: flow.bins,
        along: { patch: 1, stride: 1 },
      };

interface Sizes {
  /** Of the result. */
  readonly channels: number;
  readonly groups: number;
  readonly stride: Extent;
}

const sizesOf = (
  { channels, groups = 1, stride = { bins: 1, frames: 1 } }: Convolution,
  { channels: taken }: Image,
): Sizes => ({ channels: channels ?? taken, groups: groups === "channels" ? taken : groups, stride });

const axes = ["frames", "bins"] as const;

/** Zeros before and after an axis; of an even kernel one more before it. */
const padsOf = (length: number, { padding = "same" }: Convolution): readonly [before: number, after: number] => {
  const before = padding === "same" ? Math.floor(length / 2) : 0;
  return [before, padding === "same" ? length - 1 - before : 0];
};

/** Per pixel alone: as a product of matrices, [units, channels] times [batch, channels, places]. */
const perPixel = (b: Builder, x: Value, weight: Value, bias: Value): Value => {
  const [batch = "batch", channels = 1, frames = 1, bins = 1] = x.type.shape;
  const [units = 1] = weight.type.shape;
  const kernel = b.reshape(weight, { shape: [units, channels] });
  const pixels = b.reshape(x, { shape: [batch, channels, Number(frames) * Number(bins)] });
  const found = b.add(b.matMul(kernel, pixels), b.reshape(bias, { shape: [units, 1] }));
  return b.reshape(found, { shape: [batch, units, frames, bins] });
};

export const convolution: LayerRow<Convolution, Spectrogram | Image, "weight" | "bias"> = {
  builder: ({ groups }) => (groups === "channels" ? "depthwiseConvolution" : "convolution"),
  check: (layer, report) => {
    const whole = "a whole number of at least 1";
    checkNumbers(report, layer, { channels: whole, ...(layer.groups === "channels" ? {} : { groups: whole }) });
    checkNumbers(report, layer.kernel, { bins: whole, frames: whole }, "kernel.");
    if (layer.stride) checkNumbers(report, layer.stride, { bins: whole, frames: whole }, "stride.");
    checkInitializer(layer.init, report);
  },
  takes: ["spectrogram", "image"],
  absent: "left out",
  flow: ({ layer, takes, isWrong, misfit }) => {
    const image = asImage(takes);
    if (isAnyLength(takes))
      misfit("convolution-any-length", "convolution needs clips of one length; expected padOrCut");
    const { channels, groups, stride } = sizesOf(layer, image);
    if (isWrong || isAnyLength(takes)) return { ...image, channels };
    for (const [which, count] of [
      ["takes", image.channels],
      ["gives", channels],
    ] as const) {
      if (count % groups === 0) continue;
      const choices = divisors(image.channels).filter((divisor) => channels % divisor === 0);
      const message = `the ${count} channels that it ${which} cannot be divided among ${groups} groups`;
      misfit("groups-divide-channels", message, "groups", `choose one of ${choices.join(", ")}`);
      break;
    }
    const along = (axis: (typeof axes)[number]): number => {
      const kernel = layer.kernel[axis];
      const [before, after] = padsOf(kernel, layer);
      const room = image[axis] + before + after;
      if (kernel > room)
        misfit("kernel-fits-image", `a kernel of ${kernel} ${axis} does not fit an image of ${room}`, "kernel");
      return Math.max(1, Math.floor((room - kernel) / stride[axis]) + 1);
    };
    const { patch, stride: step } = image.along;
    return {
      kind: "image",
      channels,
      frames: along("frames"),
      bins: along("bins"),
      along: { patch: patch + (layer.kernel.frames - 1) * step, stride: step * stride.frames },
    };
  },
  parameters: ({ layer, takes }) => {
    const image = asImage(takes);
    const { init: initializer = uniformFanIn(), kernel } = layer;
    const { channels, groups } = sizesOf(layer, image);
    const inner = Math.ceil(image.channels / groups);
    return [
      { name: "weight", shape: [channels, inner, kernel.frames, kernel.bins], initializer },
      {
        name: "bias",
        shape: [channels],
        initializer: biasInitializer(initializer),
        fanIn: inner * kernel.frames * kernel.bins,
      },
    ];
  },
  lower: ({ layer, takes, b, x, parameters: { weight, bias } }) => {
    const [batch = "batch"] = x.type.shape;
    const { channels: taken, frames, bins } = asImage(takes);
    const image = takes.kind === "image" ? x : b.reshape(x, { shape: [batch, taken, frames, bins] });
    const { groups, stride } = sizesOf(layer, asImage(takes));
    const sizes = axes.map((axis) => layer.kernel[axis]);
    const strides = axes.map((axis) => stride[axis]);
    if (groups === 1 && [...sizes, ...strides].every((size) => size === 1)) return perPixel(b, image, weight, bias);
    const pads = sizes.map((size) => padsOf(size, layer));
    return b.conv(image, weight, bias, {
      group: groups,
      strides,
      dilations: [1, 1],
      pads: [...pads.map(([before]) => before), ...pads.map(([, after]) => after)],
    });
  },
};
