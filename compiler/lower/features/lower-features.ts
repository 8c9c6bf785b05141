import { onnxTypeNumbers } from "../../artifact/element-types.ts";
import { leastSamplesOf } from "../../artifact/frames.ts";
import { absentSample } from "../../artifact/names.ts";
import { type Compression, framesOf, framingOf, type NormalizedFeatures } from "../../ir/normalized-spec.ts";
import type { Builder } from "../../ops/builder.ts";
import { progression } from "../../ops/progression.ts";
import type { Value } from "../../ir/graph.ts";
import { cutFrames, windowOf } from "./cut-frames.ts";
import { filterMatrix, paddedLength, spectrumMatrix } from "./mel-filters.ts";

/** Lower than any level. */
const lowest = -1e30;

/** x[i] - c x[i - 1], the first as it is: [batch, samples] -> same. What is made with absent samples is beyond the clip's end. */
const emphasise = (b: Builder, samples: Value, coefficient: number): Value => {
  const [, length = "samples"] = samples.type.shape;
  const before = b.slice(b.pad(samples, b.scalar(0), { pads: [0, 1, 0, 0] }), {
    starts: [0],
    ends: [length],
    axes: [1],
  });
  return b.sub(samples, b.mul(before, b.scalar(coefficient)));
};

/** [batch, frames, length] -> mel energies, or magnitudes, [batch, frames, bins]; all but a sum and a root is two matrices. */
const melEnergies = (
  b: Builder,
  framed: Value,
  window: Float64Array,
  features: NormalizedFeatures,
  sampleRateHz: number,
): Value => {
  const { gain, preemphasis, stft, bins, frameLengthSamples } = features;
  const transformLength = stft ? frameLengthSamples : paddedLength(frameLengthSamples);
  const half = transformLength / 2;
  const weights = spectrumMatrix(
    window.map((weight) => weight * gain),
    preemphasis,
    transformLength,
  );
  const spectrum = b.matMul(framed, b.constant("fbank/spectrum", [window.length, 2 * half], weights));
  const squares = b.mul(spectrum, spectrum);
  const filters = filterMatrix(features, half, sampleRateHz);
  if (stft?.power === 1) {
    const part = (start: number): Value => b.slice(squares, { starts: [start], ends: [start + half], axes: [2] });
    return b.matMul(b.sqrt(b.add(part(0), part(half))), b.constant("fbank/filters", [half, bins], filters));
  }
  // Real and imaginary parts are weighed alike, so one product sums re^2 + im^2 and applies the filters.
  const twice = new Float32Array(2 * filters.length);
  twice.set(filters);
  twice.set(filters, filters.length);
  return b.matMul(squares, b.constant("fbank/filters", [2 * half, bins], twice));
};

/** What `energies` are as levels, but for the limit below the greatest. */
const compress = (b: Builder, energies: Value, compression: Compression, power: 1 | 2): Value => {
  if ("plus" in compression) return b.log(b.add(energies, b.scalar(compression.plus)));
  const { floor } = compression;
  const logarithms = b.log(b.clip(energies, b.scalar(floor)));
  if (compression.kind === "log") return logarithms;
  const factor = power === 1 ? 20 : 10;
  const reference = factor * Math.log10(Math.max(floor, compression.reference));
  const levels = b.mul(logarithms, b.scalar(factor / Math.LN10));
  return reference === 0 ? levels : b.sub(levels, b.scalar(reference));
};

/** Raises each clip's levels to no less than so much below its greatest. @param inside which frames are the clip's own, [batch, frames, 1] */
const limitBelowTop = (b: Builder, levels: Value, inside: Value, topDb: number): Value => {
  const greatest = b.reduceMax(b.where(inside, levels, b.scalar(lowest)), { axes: [1, 2], keepdims: 1 });
  const least = b.sub(greatest, b.scalar(topDb));
  return b.where(b.less(levels, least), least, levels);
};

/** By each clip's own mean and deviation (its variance divided by the count less one): frames that are not its own are 0. */
const normalizeEachClip = (b: Builder, levels: Value, inside: Value, bins: number, eps: number): Value => {
  const [batch = "batch", frames = 1] = inside.type.shape;
  const all = { axes: [1, 2], keepdims: 1 };
  const zero = b.scalar(0);
  const counted = b.reshape(b.cast(inside, { to: onnxTypeNumbers.float32 }), { shape: [batch, frames, 1] });
  const count = b.mul(b.reduceSum(counted, all), b.scalar(bins));
  const own = b.where(inside, levels, zero);
  const mean = b.div(b.reduceSum(own, all), b.clip(count, b.scalar(1)));
  const centred = b.where(inside, b.sub(own, mean), zero);
  const squares = b.reduceSum(b.mul(centred, centred), all);
  const variance = b.div(squares, b.clip(b.sub(count, b.scalar(1)), b.scalar(1)));
  return b.div(centred, b.add(b.sqrt(variance), b.scalar(eps)));
};

export interface LoweredFeatures {
  /** Normalised, [batch, frames, bins]. */
  readonly values: Value;
  /** How many of the frames are the clip's own, float32 [batch, 1]; undefined where all clips have one length. */
  readonly ownFrames: Value | undefined;
}

/**
 * Log-mel features: waveform [batch, samples] -> [batch, frames, bins].
 * Everything linear between a frame and its spectrum is one matrix, except the removal of the frame's mean: folded in, it
 * would lose the digits that a large constant offset takes. Frames beyond a clip's end are `fill` before normalisation.
 */
export const lowerFeatures = (
  b: Builder,
  waveform: Value,
  features: NormalizedFeatures,
  sampleRateHz: number,
): LoweredFeatures => {
  const { bins, frameShiftSamples, mean, scale, anyLength, emphasis, stft, compression, fill, perClip } = features;
  const [batch = "batch"] = waveform.type.shape;

  const present = b.less(waveform, b.scalar(absentSample / 2));
  const given = b.reduceSum(b.cast(present, { to: onnxTypeNumbers.float32 }), { axes: [1], keepdims: 1 });
  const silent = b.where(present, waveform, b.scalar(0));
  // Absent samples are moved too, but no frame that has one is kept.
  const centred = (): Value => b.sub(silent, b.div(b.reduceSum(silent, { axes: [1], keepdims: 1 }), given));
  const moved = features.removeMean ? centred() : silent;
  const samples = emphasis ? emphasise(b, moved, emphasis.coefficient) : moved;
  const lengths = emphasis?.first === "dropped" ? b.sub(given, b.scalar(1)) : given;

  const windowed = windowOf(features);
  const framed = cutFrames(b, samples, lengths, windowed, features);
  // Kaldi's frames have no mean.
  const frameValues = stft ? framed : b.sub(framed, b.reduceMean(framed, { axes: [2], keepdims: 1 }));
  const energies = melEnergies(b, frameValues, windowed.window, features, sampleRateHz);
  const levels = compress(b, energies, compression, stft?.power ?? 2);

  const frames = framesOf(features);
  const framing = framingOf(features);
  const frameEnds = progression(b, "fbank/frame-ends", leastSamplesOf(1, framing), frameShiftSamples, [frames]);
  // A clip that is too short to be reflected has no frame.
  const isShort = (): Value => b.less(given, b.scalar(framing.minSamples));
  const reached = framing.reflectedSamples === undefined ? given : b.where(isShort(), b.scalar(-1), given);
  const inside = b.lessOrEqual(frameEnds, reached);
  const insideFrames = b.reshape(inside, { shape: [batch, frames, 1] });
  const topDb = compression.kind === "decibels" ? compression.topDb : undefined;
  const limited = topDb === undefined ? levels : limitBelowTop(b, levels, insideFrames, topDb);
  const byStatistics = (): Value => {
    const padded = b.where(insideFrames, limited, b.scalar(fill ?? 0));
    return b.mul(b.sub(padded, b.scalar(mean)), b.scalar(scale));
  };
  const values = perClip ? normalizeEachClip(b, limited, insideFrames, bins, perClip.eps) : byStatistics();
  if (!anyLength || typeof frames === "number") return { values, ownFrames: undefined };
  const whole = b.reduceSum(b.cast(inside, { to: onnxTypeNumbers.float32 }), { axes: [1], keepdims: 1 });
  return { values, ownFrames: b.clip(whole, b.scalar(anyLength.least)) };
};
