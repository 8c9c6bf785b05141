/** Sound as a picture shows it. It is for people: what the model sees is its own graph's, which `explain` gives. */

/** Log-mel, as it comes. */
export interface LogMel {
  readonly bins: number;
  /** Where each bin's filter is highest. */
  readonly binsHz: readonly number[];
  /** From one column to the next. */
  readonly hopSeconds: number;
  /** Goes on with the sound. @returns the columns that are complete by now, [columns, bins], low bins first, in decibels */
  readonly take: (samples: Float32Array) => Float32Array;
}

const bins = 64;
const lowestHz = 50;
const highestHz = 8000;
/** What takes part in a column, at least. */
const windowSeconds = 0.025;

const melOf = (hz: number): number => 1127 * Math.log1p(hz / 700);
const hzOf = (mel: number): number => 700 * Math.expm1(mel / 1127);

/** Radix-2 FFT in place, Cooley and Tukey's; as many values as a power of two. */
const transform = (real: Float64Array, imaginary: Float64Array): void => {
  const size = real.length;
  for (let from = 1, to = 0; from < size; from++) {
    let bit = size >> 1;
    for (; to & bit; bit >>= 1) to ^= bit;
    to ^= bit;
    if (from < to) {
      const [re, im] = [real[from] ?? 0, imaginary[from] ?? 0];
      [real[from], imaginary[from]] = [real[to] ?? 0, imaginary[to] ?? 0];
      [real[to], imaginary[to]] = [re, im];
    }
  }
  for (let half = 1; half < size; half *= 2) {
    for (let step = 0; step < half; step++) {
      const angle = (-Math.PI * step) / half;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      for (let low = step; low < size; low += 2 * half) {
        const high = low + half;
        const re = (real[high] ?? 0) * cos - (imaginary[high] ?? 0) * sin;
        const im = (real[high] ?? 0) * sin + (imaginary[high] ?? 0) * cos;
        const [lowRe, lowIm] = [real[low] ?? 0, imaginary[low] ?? 0];
        [real[low], imaginary[low]] = [lowRe + re, lowIm + im];
        [real[high], imaginary[high]] = [lowRe - re, lowIm - im];
      }
    }
  }
};

interface Filter {
  readonly centreHz: number;
  /** Weights of the spectrum's lines, from the first on. */
  readonly first: number;
  readonly weights: readonly number[];
}

/** Triangles, evenly spaced in mel. One narrower than a line takes the nearest. */
const filtersFor = (sampleRateHz: number, size: number): readonly Filter[] => {
  const [low, high] = [melOf(lowestHz), melOf(Math.min(highestHz, sampleRateHz / 2))];
  const edgeHz = (index: number): number => hzOf(low + ((high - low) * index) / (bins + 1));
  const lineHz = sampleRateHz / size;
  return Array.from({ length: bins }, (_, bin) => {
    const [from, centreHz, to] = [edgeHz(bin), edgeHz(bin + 1), edgeHz(bin + 2)];
    const first = Math.ceil(from / lineHz);
    const count = Math.floor(to / lineHz) - first + 1;
    const weights = Array.from({ length: Math.max(0, count) }, (_, index) => {
      const hz = (first + index) * lineHz;
      return Math.min((hz - from) / (centreHz - from), (to - hz) / (to - centreHz));
    });
    if (weights.some((weight) => weight > 0)) return { centreHz, first, weights };
    return { centreHz, first: Math.round(centreHz / lineHz), weights: [1] };
  });
};

/** @param hopSeconds from one column to the next */
export const createLogMel = (sampleRateHz: number, hopSeconds = 0.01): LogMel => {
  const length = Math.round(windowSeconds * sampleRateHz);
  const size = 2 ** Math.ceil(Math.log2(length));
  const hop = Math.max(1, Math.round(hopSeconds * sampleRateHz));
  const filters = filtersFor(sampleRateHz, size);
  const hann = Float64Array.from({ length }, (_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / length));
  const [real, imaginary] = [new Float64Array(size), new Float64Array(size)];
  let left = new Float32Array(0);
  /** Samples that lie before the next column. */
  let skipped = 0;

  const column = (samples: Float32Array, start: number): readonly number[] => {
    real.fill(0);
    imaginary.fill(0);
    for (let index = 0; index < length; index++) real[index] = (samples[start + index] ?? 0) * (hann[index] ?? 0);
    transform(real, imaginary);
    return filters.map(({ first, weights }) => {
      let power = 0;
      for (const [index, weight] of weights.entries())
        power += weight * ((real[first + index] ?? 0) ** 2 + (imaginary[first + index] ?? 0) ** 2);
      return 10 * Math.log10(power / length + 1e-10);
    });
  };

  return {
    bins,
    binsHz: filters.map(({ centreHz }) => centreHz),
    hopSeconds: hop / sampleRateHz,
    take: (samples) => {
      const joined = new Float32Array(left.length + samples.length);
      joined.set(left);
      joined.set(samples, left.length);
      const columns: (readonly number[])[] = [];
      let start = skipped;
      for (; start + length <= joined.length; start += hop) columns.push(column(joined, start));
      left = joined.slice(Math.min(start, joined.length));
      skipped = start - (joined.length - left.length);
      return Float32Array.from(columns.flat());
    },
  };
};
