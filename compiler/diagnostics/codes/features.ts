import type { CodePage } from "./code-page.ts";

/** How clips become what the network sees. */
export const featureCodes = {
  "any-length-needs-waveforms": {
    means: "anyLength learns a clip's end from its samples, and a graph compiled with --input features is given none.",
  },
  "feature-missing": {
    means:
      "The features need a filter bank, which makes a spectrogram of sound, levels of it (kaldiFbank gives them, kaldiMel and melSpectrogram want log or decibels after them), and a step that settles its length.",
    right:
      'features: [kaldiFbank({ bins: 128, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" }), padOrCut({ frames: 1024 })]',
  },
  "feature-order": {
    means: "The steps of the features stand in another order than they are computed in, or one stands there twice.",
    right:
      "features: [removeMean(), gain(2 ** 15), preemphasis(0.97), melSpectrogram({ ... }), decibels(), padOrCut({ ... }), normalize({ ... })], each but the spectrogram, its levels and the length where it is wanted; kaldiFbank({ ... }) is spectrogram and levels",
  },
  "filter-range": {
    means:
      "The mel filters end beyond half the sample rate, where a recording has nothing, or where they begin, or before. 0 <= low < high <= half the rate.",
  },
  "frame-too-short": {
    means: "A frame of so few milliseconds has fewer samples than are needed, at this sample rate.",
    right: "frameLengthMs: 25, frameShiftMs: 10",
  },
  "length-order": {
    means:
      "The shortest and the longest length that are heard must have the one between them that positions are held for.",
    right: "anyLength({ frames: 1024, least: 16, most: 3072 })",
  },
  "length-too-long": { means: "The longest clip has more samples than float32 counts one by one." },
  "log-both": {
    means: "A logarithm has a floor that smaller values are raised to, or something that is added to each value.",
    right: "log({ floor: 1e-10 }) or log({ plus: 1e-5 })",
  },
  "normalize-both": {
    means: "Features are normalised by a data set's mean and deviation, or by each clip's own.",
    right: 'normalize({ mean: -4.27, std: 4.57 }) or normalize({ per: "clip" })',
  },
  "transform-length": {
    means: "The Fourier transform is a matrix of so many rows; its length is even, so that it has a middle.",
    right: "melSpectrogram({ bins: 64, fftSamples: 512 })",
  },
  "window-fits-transform": {
    means: "A window lies in the middle of the Fourier transform, and cannot be longer.",
    right: "melSpectrogram({ bins: 128, fftSamples: 1024, windowSamples: 800 })",
  },
} as const satisfies Readonly<Record<string, CodePage>>;
