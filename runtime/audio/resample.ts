/** Zero crossings of the sinc on either side, and the cutoff as a share of the lower Nyquist frequency: torchaudio's defaults. */
const lowpassFilterWidth = 6;
const rolloff = 0.99;

/** Whole numbers, in hertz. */
export interface Rates {
  readonly fromHz: number;
  readonly toHz: number;
}

interface Kernel {
  /** The rate ratio in lowest terms: every `inputStep` samples in give `phases` samples out. */
  readonly inputStep: number;
  readonly phases: number;
  readonly taps: number;
  /** Per phase: where its first tap lies, relative to the first input sample of its step. */
  readonly starts: Int32Array;
  /** [phases, taps] */
  readonly weights: Float64Array;
}

/**
 * Resamples by windowed-sinc interpolation, equal to `torchaudio.functional.resample(samples, fromHz, toHz)` with its
 * default arguments (`sinc_interp_hann`, lowpass_filter_width 6, rolloff 0.99), with a kernel of float64.
 * @returns ceil(samples * toHz / fromHz) samples; the array itself where the rates are equal.
 */
export const resample = (samples: Float32Array<ArrayBuffer>, { fromHz, toHz }: Rates): Float32Array<ArrayBuffer> => {
  if (fromHz === toHz) return samples;
  const kernel = kernelFor(fromHz, toHz);
  const padded = new Float32Array(samples.length + 2 * kernel.taps);
  padded.set(samples, kernel.taps);
  const output = new Float32Array(resampledLength(samples.length, { fromHz, toHz }));
  convolve(kernel, { samples: padded, start: -kernel.taps }, output, 0);
  return output;
};

/** Resamples what comes in blocks of any size. */
export interface Resampler {
  /** @returns the samples that follow from those given so far, and are new: until the next are asked for, whose memory is the same */
  readonly push: (samples: Float32Array) => Float32Array;
  /** @returns the last samples, for which nothing more is waited */
  readonly end: () => Float32Array;
}

/**
 * A resampler of a stream, which holds no more than a kernel's width and the block at hand. What it gives, put together, is bit for
 * bit what `resample` makes of the whole.
 */
export const createResampler = ({ fromHz, toHz }: Rates): Resampler => {
  if (fromHz === toHz) return { push: (samples) => samples, end: () => new Float32Array() };
  const kernel = kernelFor(fromHz, toHz);
  const { taps } = kernel;
  let [memory, outputMemory] = [new Float32Array(taps), new Float32Array()];
  /** Where the first sample that is held lies in the input, and how many are held. */
  let [start, count] = [-taps, taps];
  let received = 0;
  let given = 0;
  /** Holds what follows, and no more what lies before `from`. */
  const hold = (samples: Float32Array, from: number): void => {
    const kept = memory.subarray(from - start, count);
    count = kept.length + samples.length;
    const next = memory.length < count ? new Float32Array(count) : memory;
    next.set(kept);
    next.set(samples, kept.length);
    [memory, start] = [next, from];
  };
  const take = (samples: Float32Array, to: number): Float32Array => {
    hold(samples, firstTap(kernel, given));
    if (outputMemory.length < to - given) outputMemory = new Float32Array(to - given);
    const output = outputMemory.subarray(0, to - given);
    convolve(kernel, { samples: memory, start }, output, given);
    given = to;
    return output;
  };
  return {
    push: (samples) => {
      received += samples.length;
      let to = Math.max(given, resampledLength(received, { fromHz, toHz }));
      while (to > given && firstTap(kernel, to - 1) + taps > received) to -= 1;
      return take(samples, to);
    },
    end: () => take(new Float32Array(taps), resampledLength(received, { fromHz, toHz })),
  };
};

/** Samples of a stream, and the place of the first in it. */
interface Stretch {
  readonly samples: Float32Array;
  readonly start: number;
}

/** Where in the input the first tap of an output sample lies. It never falls from one output sample to the next. */
const firstTap = ({ inputStep, phases, starts }: Kernel, index: number): number =>
  Math.floor(index / phases) * inputStep + (starts[index % phases] ?? 0);

/** Fills `output` with the output samples from `from` on, whose taps the input must hold. */
const convolve = (
  { inputStep, phases, taps, starts, weights }: Kernel,
  input: Stretch,
  output: Float32Array,
  from: number,
): void => {
  // Phase by phase: the weights of one phase stay in registers and cache while the whole input passes.
  for (let phase = 0; phase < phases; phase++) {
    const step = Math.ceil((from - phase) / phases);
    let index = step * phases + phase - from;
    if (index >= output.length) continue;
    const phaseWeights = weights.subarray(phase * taps, (phase + 1) * taps);
    let first = step * inputStep + (starts[phase] ?? 0) - input.start;
    for (; index < output.length; index += phases) {
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) sum += (phaseWeights[tap] ?? 0) * (input.samples[first + tap] ?? 0);
      output[index] = sum;
      first += inputStep;
    }
  }
};

/**
 * How many samples at one rate the first `samples` at another follow from: those, resampled alone, begin with these bit for bit.
 */
export const samplesToResample = (samples: number, { fromHz, toHz }: Rates): number => {
  if (fromHz === toHz) return samples;
  if (samples === 0) return 0;
  const kernel = kernelFor(fromHz, toHz);
  return Math.max(0, firstTap(kernel, samples - 1) + kernel.taps);
};

/** @returns how many samples `resample` gives */
export const resampledLength = (samples: number, { fromHz, toHz }: Rates): number => {
  const divisor = greatestCommonDivisor(fromHz, toHz);
  return Math.ceil((samples * (toHz / divisor)) / (fromHz / divisor));
};

/** A data set has clips of few rates, and a kernel costs more than one clip's resampling. The last used are kept, the latest at the end. */
const kernels = new Map<string, Kernel>();
const kernelBudgetBytes = 32 * 2 ** 20;

const kernelFor = (fromHz: number, toHz: number): Kernel => {
  const key = `${fromHz}/${toHz}`;
  const kernel = kernels.get(key) ?? computeKernel(fromHz, toHz);
  kernels.delete(key);
  kernels.set(key, kernel);
  let bytes = [...kernels.values()].reduce((total, { weights }) => total + weights.byteLength, 0);
  for (const [oldest, { weights }] of kernels) {
    if (bytes <= kernelBudgetBytes || oldest === key) break;
    kernels.delete(oldest);
    bytes -= weights.byteLength;
  }
  return kernel;
};

/**
 * Output sample m*phases + p lies at input position m*inputStep + p*inputStep/phases. Its weights are
 * h(t) = cutoff * sinc(t) * cos^2(pi t / (2 * lowpassFilterWidth)), with t counted in zero crossings, and 0 beyond the width.
 */
const computeKernel = (fromHz: number, toHz: number): Kernel => {
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const inputStep = fromHz / divisor;
  const phases = toHz / divisor;
  /** Zero crossings per input sample. */
  const cutoff = (rolloff * Math.min(inputStep, phases)) / inputStep;
  const halfWidth = lowpassFilterWidth / cutoff;
  const taps = Math.floor(2 * halfWidth) + 1;
  const starts = new Int32Array(phases);
  const weights = new Float64Array(phases * taps);
  for (let phase = 0; phase < phases; phase++) {
    const center = (phase * inputStep) / phases;
    const start = Math.ceil(center - halfWidth);
    starts[phase] = start;
    for (let tap = 0; tap < taps; tap++)
      weights[phase * taps + tap] = cutoff * windowedSinc((start + tap - center) * cutoff);
  }
  return { inputStep, phases, taps, starts, weights };
};

const windowedSinc = (t: number): number => {
  if (t === 0) return 1;
  if (Math.abs(t) >= lowpassFilterWidth) return 0;
  return (Math.sin(Math.PI * t) / (Math.PI * t)) * Math.cos((Math.PI * t) / (2 * lowpassFilterWidth)) ** 2;
};

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));
