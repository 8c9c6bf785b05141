/** Zero crossings of the sinc on either side, and the cutoff as a share of the lower Nyquist frequency: torchaudio's defaults. */
const lowpassFilterWidth = 6;
const rolloff = 0.99;

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
 * @param rates whole numbers, in hertz
 * @returns ceil(samples * toHz / fromHz) samples; the array itself where the rates are equal.
 */
export const resample = (
  samples: Float32Array<ArrayBuffer>,
  { fromHz, toHz }: { readonly fromHz: number; readonly toHz: number },
): Float32Array<ArrayBuffer> => {
  if (fromHz === toHz) return samples;
  const { inputStep, phases, taps, starts, weights } = kernelFor(fromHz, toHz);
  const output = new Float32Array(resampledLength(samples.length, { fromHz, toHz }));
  const padded = new Float32Array(samples.length + 2 * taps);
  padded.set(samples, taps);
  // Phase by phase: the weights of one phase stay in registers and cache while the whole clip passes.
  for (let phase = 0; phase < phases; phase++) {
    const phaseWeights = weights.subarray(phase * taps, (phase + 1) * taps);
    let first = taps + (starts[phase] ?? 0);
    for (let index = phase; index < output.length; index += phases) {
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) sum += (phaseWeights[tap] ?? 0) * (padded[first + tap] ?? 0);
      output[index] = sum;
      first += inputStep;
    }
  }
  return output;
};

/**
 * How many samples at one rate the first `samples` at another follow from: those, resampled alone, begin with these bit for bit.
 * @param rates whole numbers, in hertz
 */
export const samplesToResample = (
  samples: number,
  { fromHz, toHz }: { readonly fromHz: number; readonly toHz: number },
): number => {
  if (fromHz === toHz) return samples;
  const { inputStep, phases, taps, starts } = kernelFor(fromHz, toHz);
  let most = 0;
  for (let index = Math.max(0, samples - phases); index < samples; index++) {
    const phase = index % phases;
    most = Math.max(most, ((index - phase) / phases) * inputStep + (starts[phase] ?? 0) + taps);
  }
  return most;
};

/** @returns how many samples `resample` gives */
export const resampledLength = (
  samples: number,
  { fromHz, toHz }: { readonly fromHz: number; readonly toHz: number },
): number => {
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
