/** Kaldi's log-mel filter bank in double precision, step by step as Kaldi describes it: the yardstick for the graph's. */
import type { NormalizedFeatures } from "../../compiler/ir/normalized-spec.ts";

const windows: Readonly<Record<NormalizedFeatures["window"], (x: number) => number>> = {
  rectangular: () => 1,
  hanning: (x) => 0.5 - 0.5 * Math.cos(x),
  hamming: (x) => 0.54 - 0.46 * Math.cos(x),
  povey: (x) => Math.pow(0.5 - 0.5 * Math.cos(x), 0.85),
  blackman: (x) => 0.42 - 0.5 * Math.cos(x) + 0.08 * Math.cos(2 * x),
};

type Complex = readonly [real: number, imaginary: number];

/** Fast Fourier transform of 2^n values. */
const transform = (values: readonly Complex[]): readonly Complex[] => {
  const length = values.length;
  if (length === 1) return values;
  const even = transform(values.filter((_, index) => index % 2 === 0));
  const odd = transform(values.filter((_, index) => index % 2 === 1));
  const result: Complex[] = Array.from({ length }, () => [0, 0]);
  for (let k = 0; k < length / 2; k++) {
    const [evenReal, evenImaginary] = even[k] ?? [NaN, NaN];
    const [oddReal, oddImaginary] = odd[k] ?? [NaN, NaN];
    const cos = Math.cos((2 * Math.PI * k) / length);
    const sin = -Math.sin((2 * Math.PI * k) / length);
    const real = cos * oddReal - sin * oddImaginary;
    const imaginary = cos * oddImaginary + sin * oddReal;
    result[k] = [evenReal + real, evenImaginary + imaginary];
    result[k + length / 2] = [evenReal - real, evenImaginary - imaginary];
  }
  return result;
};

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const melOf = (hz: number): number => 1127 * Math.log(1 + hz / 700);

/** A triangle on the mel scale. */
const filterWeight = (bin: number, hz: number, { bins, lowHz, highHz }: NormalizedFeatures): number => {
  const [low, high] = [melOf(lowHz), melOf(highHz)];
  const delta = (high - low) / (bins + 1);
  const [left, centre, right] = [low + bin * delta, low + (bin + 1) * delta, low + (bin + 2) * delta];
  const mel = melOf(hz);
  return Math.max(0, Math.min((mel - left) / (centre - left), (right - mel) / (right - centre)));
};

const logMel = (
  frame: readonly number[],
  features: NormalizedFeatures,
  filters: readonly (readonly number[])[],
): number[] => {
  const { preemphasis, window } = features;
  const padded = 2 ** Math.ceil(Math.log2(frame.length));
  const dc = meanOf(frame);
  const centred = frame.map((sample) => sample - dc);
  const emphasised = centred.map((sample, n) => sample - preemphasis * (centred[Math.max(0, n - 1)] ?? NaN));
  const windowed = emphasised.map((x, n) => x * windows[window]((2 * Math.PI * n) / (frame.length - 1)));
  const spectrum = transform(Array.from({ length: padded }, (_, n): Complex => [windowed[n] ?? 0, 0]));
  const power = spectrum.map(([real, imaginary]) => real ** 2 + imaginary ** 2);
  return filters.map((weights) =>
    Math.log(
      Math.max(
        2 ** -23,
        weights.reduce((sum, weight, k) => sum + weight * (power[k] ?? NaN), 0),
      ),
    ),
  );
};

/** The log-mel frames of a clip, as many as lie wholly inside it: before padding, cutting and normalising. */
export const kaldiFbank64 = (samples: Float32Array, features: NormalizedFeatures, sampleRateHz: number): number[][] => {
  const { bins, frameLengthSamples: length, frameShiftSamples: shift, removeMean } = features;
  const clip = Array.from(samples);
  const offset = removeMean ? meanOf(clip) : 0;
  const frames = Math.max(0, 1 + Math.floor((clip.length - length) / shift));
  const padded = 2 ** Math.ceil(Math.log2(length));
  const filters = Array.from({ length: bins }, (_, bin) =>
    Array.from({ length: padded / 2 }, (_, k) => filterWeight(bin, (k * sampleRateHz) / padded, features)),
  );
  return Array.from({ length: frames }, (_, frame) =>
    logMel(
      clip.slice(frame * shift, frame * shift + length).map((sample) => sample - offset),
      features,
      filters,
    ),
  );
};

/** The same, padded with zeros or cut to `frames`, then normalised: [frames, bins], row-major. */
export const features64 = (samples: Float32Array, features: NormalizedFeatures, sampleRateHz: number): Float64Array => {
  const { frames, bins, mean, scale } = features;
  const fbank = kaldiFbank64(samples, features, sampleRateHz);
  const rows = Array.from({ length: frames }, (_, frame) => fbank[frame] ?? Array.from({ length: bins }, () => 0));
  return Float64Array.from(rows.flat(), (value) => (value - mean) * scale);
};
