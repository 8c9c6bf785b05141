/** Kaldi's filter bank as matrices, computed in double precision at compile time. */
import type { WindowName } from "../../../spec/dsl/features.ts";
import { melOf } from "../../artifact/mel-scale.ts";

/** The transform's length: the next power of two (Kaldi's `round_to_power_of_two`). */
export const paddedLength = (frameLengthSamples: number): number => 2 ** Math.ceil(Math.log2(frameLengthSamples));

const windows: { readonly [Name in WindowName]: (phase: number) => number } = {
  rectangular: () => 1,
  hanning: (phase) => 0.5 - 0.5 * Math.cos(phase),
  hamming: (phase) => 0.54 - 0.46 * Math.cos(phase),
  povey: (phase) => (0.5 - 0.5 * Math.cos(phase)) ** 0.85,
  blackman: (phase) => 0.42 - 0.5 * Math.cos(phase) + 0.08 * Math.cos(2 * phase),
};

export const windowNames = Object.keys(windows) as readonly WindowName[];

/** A symmetric window. */
export const windowFunction = (name: WindowName, length: number): Float64Array =>
  Float64Array.from({ length }, (_, n) => windows[name]((2 * Math.PI * n) / (length - 1)));

/**
 * Pre-emphasis (first sample replicated), window and Fourier transform as one matrix [length, 2 * half]: the real parts of
 * the first `half` frequencies, then their imaginary parts. The Nyquist frequency is left out, as no filter weighs it.
 */
export const spectrumMatrix = (window: Float64Array, preemphasis: number): Float32Array => {
  const length = window.length;
  const padded = paddedLength(length);
  const half = padded / 2;
  const matrix = new Float32Array(length * padded);
  for (let n = 0; n < length; n++) {
    const own = (window[n] ?? 0) * (n === 0 ? 1 - preemphasis : 1);
    const next = preemphasis * (window[n + 1] ?? 0);
    for (let frequency = 0; frequency < half; frequency++) {
      // The angle is reduced first: sine and cosine of large arguments lose digits.
      const angle = (2 * Math.PI * ((frequency * n) % padded)) / padded;
      const after = (2 * Math.PI * ((frequency * (n + 1)) % padded)) / padded;
      matrix[n * padded + frequency] = own * Math.cos(angle) - next * Math.cos(after);
      matrix[n * padded + half + frequency] = -(own * Math.sin(angle) - next * Math.sin(after));
    }
  }
  return matrix;
};

/** Triangular filters on Kaldi's mel scale: weights [half, bins], row-major, for the frequencies below Nyquist. */
export const melMatrix = (options: {
  readonly bins: number;
  readonly half: number;
  readonly sampleRateHz: number;
  readonly lowHz: number;
  readonly highHz: number;
}): Float32Array => {
  const { bins, half, sampleRateHz, lowHz, highHz } = options;
  const low = melOf(lowHz);
  const step = (melOf(highHz) - low) / (bins + 1);
  const weights = new Float32Array(half * bins);
  for (let frequency = 0; frequency < half; frequency++) {
    const position = (melOf((frequency * sampleRateHz) / (2 * half)) - low) / step;
    for (let bin = 0; bin < bins; bin++) {
      weights[frequency * bins + bin] = Math.max(0, Math.min(position - bin, bin + 2 - position));
    }
  }
  return weights;
};
