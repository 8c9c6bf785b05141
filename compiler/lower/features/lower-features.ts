import { onnxTypeNumbers } from "../../artifact/element-types.ts";
import { absentSample } from "../../artifact/names.ts";
import { type Dim, product, sum } from "../../artifact/dim.ts";
import { framesOf, type NormalizedFeatures } from "../../ir/normalized-spec.ts";
import type { Builder } from "../../ops/builder.ts";
import { progression } from "../../ops/progression.ts";
import type { Value } from "../../ir/graph.ts";
import { fitLength } from "./fit-length.ts";
import { melMatrix, paddedLength, spectrumMatrix, windowFunction } from "./mel-filters.ts";

/** Kaldi's floor below the logarithm: float32's epsilon. */
const powerFloor = 2 ** -23;

/** A frame is put together of parts as long as the frames' distance. */
const hopsPerFrame = ({ frameLengthSamples, frameShiftSamples }: NormalizedFeatures): number =>
  Math.ceil(frameLengthSamples / frameShiftSamples);

/** Samples from a clip's start that the frames are cut from. */
export const samplesInReach = (features: NormalizedFeatures): Dim =>
  product([sum([framesOf(features), hopsPerFrame(features) - 1]), features.frameShiftSamples]);

/** Overlapping frames: [batch, samples] -> [batch, frames, length], absent samples as zero. */
const cutFrames = (b: Builder, samples: Value, features: NormalizedFeatures): Value => {
  const { frameLengthSamples, frameShiftSamples: shift } = features;
  const frames = framesOf(features);
  const exact = fitLength(b, samples, samplesInReach(features), b.scalar(0));
  const [batch = "batch"] = samples.type.shape;
  const grid = b.reshape(exact, { shape: [batch, sum([frames, hopsPerFrame(features) - 1]), shift] });
  const parts = Array.from({ length: hopsPerFrame(features) }, (_, hop) => {
    const width = Math.min(shift, frameLengthSamples - hop * shift);
    return b.slice(grid, { starts: [hop, 0], ends: [sum([frames, hop]), width], axes: [1, 2] });
  });
  return parts.length === 1 && parts[0] ? parts[0] : b.concat(parts, { axis: 2 });
};

export interface LoweredFeatures {
  /** Normalised, [batch, frames, bins]. */
  readonly values: Value;
  /** How many of the frames are the clip's own, float32 [batch, 1]; undefined where all clips have one length. */
  readonly ownFrames: Value | undefined;
}

/**
 * Kaldi log-mel features: waveform [batch, samples] -> [batch, frames, bins].
 * Everything linear between a frame and its spectrum is one matrix, except the removal of the frame's mean: folded in, it
 * would lose the digits that a large constant offset takes. Frames beyond a clip's end are zero before normalisation.
 */
export const lowerFeatures = (
  b: Builder,
  waveform: Value,
  features: NormalizedFeatures,
  sampleRateHz: number,
): LoweredFeatures => {
  const { bins, frameLengthSamples, frameShiftSamples, mean, scale, anyLength } = features;
  const [batch = "batch"] = waveform.type.shape;
  const half = paddedLength(frameLengthSamples) / 2;

  const present = b.less(waveform, b.scalar(absentSample / 2));
  const lengths = b.reduceSum(b.cast(present, { to: onnxTypeNumbers.float32 }), { axes: [1], keepdims: 1 });
  const silent = b.where(present, waveform, b.scalar(0));
  // Absent samples are moved too, but no frame that has one is kept.
  const centred = (): Value => b.sub(silent, b.div(b.reduceSum(silent, { axes: [1], keepdims: 1 }), lengths));
  const samples = features.removeMean ? centred() : silent;

  const framed = cutFrames(b, samples, features);
  const centredFrames = b.sub(framed, b.reduceMean(framed, { axes: [2], keepdims: 1 }));
  const window = windowFunction(features.window, frameLengthSamples);
  const spectrum = b.matMul(
    centredFrames,
    b.constant("fbank/spectrum", [frameLengthSamples, 2 * half], spectrumMatrix(window, features.preemphasis)),
  );
  // Real and imaginary parts are weighed alike, so one product sums re^2 + im^2 and applies the filters.
  const filters = melMatrix({ ...features, half, sampleRateHz });
  const twice = new Float32Array(2 * filters.length);
  twice.set(filters);
  twice.set(filters, filters.length);
  const energies = b.matMul(b.mul(spectrum, spectrum), b.constant("fbank/filters", [2 * half, bins], twice));
  const logMel = b.log(b.clip(energies, b.scalar(powerFloor)));

  const frames = framesOf(features);
  const frameEnds = progression(b, "fbank/frame-ends", frameLengthSamples, frameShiftSamples, [frames]);
  const inside = b.lessOrEqual(frameEnds, lengths);
  const padded = b.where(b.reshape(inside, { shape: [batch, frames, 1] }), logMel, b.scalar(0));
  const values = b.mul(b.sub(padded, b.scalar(mean)), b.scalar(scale));
  if (!anyLength || typeof frames === "number") return { values, ownFrames: undefined };
  const whole = b.reduceSum(b.cast(inside, { to: onnxTypeNumbers.float32 }), { axes: [1], keepdims: 1 });
  return { values, ownFrames: b.clip(whole, b.scalar(anyLength.least)) };
};
