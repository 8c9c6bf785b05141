import type { BatchNorm } from "../../spec/dsl/layers.ts";
import { checkNumbers } from "../diagnostics/report.ts";
import { type Flow, lengthsOf } from "../ir/flow.ts";
import type { Value } from "../ir/graph.ts";
import type { Builder } from "../ops/builder.ts";
import { countClips } from "../ops/count-clips.ts";
import type { LayerRow } from "./layer.ts";

const channelsOf = (flow: Flow): number => lengthsOf(flow).at(-1) ?? 1;

/** Values of one channel in one clip. */
const placesOf = (flow: Flow): number =>
  lengthsOf(flow)
    .slice(0, -1)
    .reduce((product, length) => product * length, 1);

/** weight / sqrt(variance + eps), [width]. */
const scaleOf = (b: Builder, weight: Value, variance: Value, { eps = 1e-5 }: BatchNorm): Value =>
  b.div(weight, b.sqrt(b.add(variance, b.scalar(eps))));

/**
 * Mean and variance of each channel, [width]. Sums are divided by a count of clips rather than taken as means, whose gradients
 * would count every value.
 */
const momentsOf = (b: Builder, x: Value, count: Value) => {
  const all = { axes: x.type.shape.slice(0, -1).map((_, axis) => axis), keepdims: 0 };
  const mean = b.div(b.reduceSum(x, all), count);
  const centred = b.sub(x, mean);
  return { mean, centred, variance: b.div(b.reduceSum(b.mul(centred, centred), all), count) };
};

/** Moves a running statistic towards the batch's. */
const move = (b: Builder, running: Value, sample: Value, { momentum = 0.1 }: BatchNorm): Value =>
  b.add(b.mul(running, b.scalar(1 - momentum)), b.mul(sample, b.scalar(momentum)));

export const batchNorm: LayerRow<BatchNorm, Flow, "weight" | "bias", "running_mean" | "running_variance"> = {
  check: (layer, report) => {
    checkNumbers(report, layer, { eps: "greater than 0", momentum: "greater than 0 and at most 1" });
  },
  takes: ["spectrogram", "tokens", "vector"],
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
    b,
    x,
    parameters: { weight, bias },
    statistics: { running_mean: mean, running_variance: variance },
  }) => {
    const scale = scaleOf(b, weight, variance, layer);
    return b.add(b.mul(x, scale), b.sub(bias, b.mul(mean, scale)));
  },
  lowerForTraining: ({ layer, takes, b, x, parameters: { weight, bias }, statistics }) => {
    const { running_mean: meanBefore, running_variance: varianceBefore } = statistics;
    const [places, clips, one] = [placesOf(takes), countClips(b, x), b.scalar(1)];
    const count = places === 1 ? clips : b.mul(clips, b.scalar(places));
    const { mean, centred, variance } = momentsOf(b, x, count);
    // One value has no variance: it is as at inference.
    const isAlone = places === 1 ? b.lessOrEqual(count, one) : undefined;
    const unlessAlone = (usual: Value, alone: Value): Value => (isAlone ? b.where(isAlone, alone, usual) : usual);

    b.update(meanBefore, unlessAlone(move(b, meanBefore, mean, layer), meanBefore));
    // Normalised by the biased variance, PyTorch keeps the unbiased.
    const unbiased = b.mul(variance, b.div(count, unlessAlone(b.sub(count, one), one)));
    b.update(varianceBefore, unlessAlone(move(b, varianceBefore, unbiased, layer), varianceBefore));

    const moved = isAlone ? b.sub(x, unlessAlone(mean, meanBefore)) : centred;
    return b.add(b.mul(moved, scaleOf(b, weight, unlessAlone(variance, varianceBefore), layer)), bias);
  },
  facts: ({ takes }) => (placesOf(takes) === 1 ? { clipsAtOnce: 2 } : {}),
};
