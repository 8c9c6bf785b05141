/** Filter banks as matrices, computed in double precision at compile time. */
import type { WindowName } from "../../../spec/dsl/features.ts";
import { filterPlaces, melOf } from "../../artifact/mel-scale.ts";
import type { NormalizedFeatures } from "../../ir/normalized-spec.ts";

/** The length of Kaldi's transform: the next power of two (Kaldi's `round_to_power_of_two`). */
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

/** One period of a window, as torch's are: the symmetric one of a sample more, without its last. */
export const periodicWindow = (name: WindowName, length: number): Float64Array =>
  windowFunction(name, length + 1).subarray(0, length);

/**
 * Pre-emphasis (first sample replicated), window and Fourier transform as one matrix [length, 2 * half]: the real parts of
 * the first `half` frequencies, then their imaginary parts. The Nyquist frequency is left out, as no filter weighs it.
 * @param padded the transform's length
 */
export const spectrumMatrix = (
  window: Float64Array,
  preemphasis: number,
  padded = paddedLength(window.length),
): Float32Array => {
  const length = window.length;
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

type FilterRange = Pick<NormalizedFeatures, "bins" | "lowHz" | "highHz"> & {
  readonly half: number;
  readonly sampleRateHz: number;
};

/** Triangular filters on Kaldi's mel scale: weights [half, bins], row-major, for the frequencies below Nyquist. */
export const melMatrix = ({ bins, half, sampleRateHz, lowHz, highHz }: FilterRange): Float32Array => {
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

/**
 * Filters that are triangles in Hz (`torchaudio.functional.melscale_fbanks`, which rounds half an odd sample rate down): weights
 * [half, bins], row-major, for the frequencies below Nyquist, where all of them end.
 */
const hertzMatrix = ({ bins, half, sampleRateHz }: FilterRange, places: readonly number[]): Float32Array => {
  const weights = new Float32Array(half * bins);
  for (let bin = 0; bin < bins; bin++) {
    const [left = 0, middle = 0, right = 0] = places.slice(bin, bin + 3);
    for (let frequency = 0; frequency < half; frequency++) {
      const hz = (frequency * Math.floor(sampleRateHz / 2)) / half;
      const weight = Math.min((hz - left) / (middle - left), (right - hz) / (right - middle));
      weights[frequency * bins + bin] = Math.max(0, weight);
    }
  }
  return weights;
};

/** The filters of the features for the first `half` frequencies: weights [half, bins], row-major. */
export const filterMatrix = (features: NormalizedFeatures, half: number, sampleRateHz: number): Float32Array => {
  const { stft, bins } = features;
  const range = { ...features, half, sampleRateHz };
  if (!stft) return melMatrix(range);
  const places = filterPlaces({ ...features, isSlaney: stft.melScale === "slaney" });
  const weights = stft.melScale === "kaldi" ? melMatrix(range) : hertzMatrix(range, places);
  if (stft.norm === "none") return weights;
  return weights.map(
    (weight, index) => (2 * weight) / ((places[(index % bins) + 2] ?? 0) - (places[index % bins] ?? 0)),
  );
};

/** Filters that weigh no frequency of the transform, so that their bins are silent whatever is heard: their numbers from 0. */
export const emptyFilters = (features: NormalizedFeatures, sampleRateHz: number): readonly number[] => {
  const { bins, frameLengthSamples, stft } = features;
  const half = (stft ? frameLengthSamples : paddedLength(frameLengthSamples)) / 2;
  const weights = filterMatrix(features, half, sampleRateHz);
  const isEmpty = (bin: number): boolean =>
    Array.from({ length: half }, (_, frequency) => weights[frequency * bins + bin]).every((weight) => weight === 0);
  return Array.from({ length: bins }, (_, bin) => bin).filter(isEmpty);
};
