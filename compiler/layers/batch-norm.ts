import { type Dim, leastLength } from "../artifact/dim.ts";
import type { BatchNorm } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { channelsOf, type Flow, inTraining, placesPerChannel } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { countClips } from "../ops/count-clips.ts";
import type { LayerRow } from "./layer.ts";
import { perChannel } from "./per-channel.ts";

/** weight / sqrt(variance + eps), [width]. */
const scaleOf = (b: Builder, weight: Value, variance: Value, { eps = 1e-5 }: BatchNorm): Value =>
  b.div(weight, b.sqrt(b.add(variance, b.scalar(eps))));

/**
 * Mean and variance of each channel, [width]. Sums are divided by a count of clips rather than taken as means, whose gradients
 * would count every value.
 * @param present 1 for what counts and 0 for what does not, of x's shape but for the channels; undefined: all counts
 */
const momentsOf = (b: Builder, x: Value, flow: Flow, count: Value, present: Value | undefined) => {
  const channel = flow.kind === "image" ? 1 : x.type.shape.length - 1;
  const axes = x.type.shape.map((_, axis) => axis).filter((axis) => axis !== channel);
  const all = { axes, keepdims: 0 };
  const counted = (values: Value): Value => (present ? b.mul(values, present) : values);
  const mean = b.div(b.reduceSum(counted(x), all), count);
  const centred = b.sub(x, perChannel(b, mean, flow));
  return { mean, centred, variance: b.div(b.reduceSum(counted(b.mul(centred, centred)), all), count) };
};

/** Values of one channel in the batch, a scalar float32. */
const countValues = (b: Builder, x: Value, places: Dim, present: Value | undefined): Value => {
  if (present) return b.reduceSum(present, { axes: present.type.shape.map((_, axis) => axis), keepdims: 0 });
  const clips = countClips(b, x);
  return places === 1 ? clips : b.mul(clips, b.scalar(Number(places)));
};

/** Moves a running statistic towards the batch's. */
const move = (b: Builder, running: Value, sample: Value, { momentum = 0.1 }: BatchNorm): Value =>
  b.add(b.mul(running, b.scalar(1 - momentum)), b.mul(sample, b.scalar(momentum)));

export const batchNorm: LayerRow<BatchNorm, Flow, "weight" | "bias", "running_mean" | "running_variance"> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { eps: "greater than 0", momentum: "greater than 0 and at most 1" });
  },
  takes: ["spectrogram", "image", "tokens", "vector"],
  absent: "left out",
  parameters: ({ takes }) => [
    { name: "weight", shape: [channelsOf(takes)], initializer: { kind: "ones" } },
    { name: "bias", shape: [channelsOf(takes)], initializer: { kind: "zeros" } },
  ],
  statistics: ({ takes }) => [
    { name: "running_mean", shape: [channelsOf(takes)], initializer: { kind: "zeros" } },
    { name: "running_variance", shape: [channelsOf(takes)], initializer: { kind: "ones" } },
  ],
  lower: ({
    layer,
    takes,
    b,
    x,
    parameters: { weight, bias },
    statistics: { running_mean: mean, running_variance: variance },
  }) => {
    const scale = scaleOf(b, weight, variance, layer);
    const scaled = b.mul(x, perChannel(b, scale, takes));
    return b.add(scaled, perChannel(b, b.sub(bias, b.mul(mean, scale)), takes));
  },
  lowerForTraining: ({ layer, takes, b, x, parameters: { weight, bias }, statistics, presence }) => {
    const { running_mean: meanBefore, running_variance: varianceBefore } = statistics;
    const [places, one] = [placesPerChannel(takes), b.scalar(1)];
    const own = presence && (takes.kind === "spectrogram" || takes.kind === "tokens") ? presence.of(takes) : undefined;
    const present = own && b.reshape(own, { shape: [...own.type.shape, 1] });
    const count = countValues(b, x, places, present);
    const { mean, centred, variance } = momentsOf(b, x, takes, count, present);
    // One value has no variance: it is as at inference.
    const isAlone = leastLength(places) === 1 ? b.lessOrEqual(count, one) : undefined;
    const unlessAlone = (usual: Value, alone: Value): Value => (isAlone ? b.where(isAlone, alone, usual) : usual);

    b.update(meanBefore, unlessAlone(move(b, meanBefore, mean, layer), meanBefore));
    // Normalised by the biased variance, PyTorch keeps the unbiased.
    const unbiased = b.mul(variance, b.div(count, unlessAlone(b.sub(count, one), one)));
    b.update(varianceBefore, unlessAlone(move(b, varianceBefore, unbiased, layer), varianceBefore));

    const moved = isAlone ? b.sub(x, perChannel(b, unlessAlone(mean, meanBefore), takes)) : centred;
    const scale = scaleOf(b, weight, unlessAlone(variance, varianceBefore), layer);
    return b.add(b.mul(moved, perChannel(b, scale, takes)), perChannel(b, bias, takes));
  },
  facts: ({ takes }) => (placesPerChannel(inTraining(takes)) === 1 ? { clipsAtOnce: 2 } : {}),
};
