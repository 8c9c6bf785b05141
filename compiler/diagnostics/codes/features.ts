import type { CodePage } from "./code-page.ts";

/** How clips become what the network sees. */
export const featureCodes = {
  "any-length-needs-waveforms": {
    means: "anyLength learns a clip's end from its samples, and a graph compiled with --input features is given none.",
  },
  "feature-missing": {
    means: "The features need a filter bank, which makes a spectrogram of sound, and a step that settles its length.",
    right:
      'features: [kaldiFbank({ bins: 128, frameLengthMs: 25, frameShiftMs: 10, window: "hanning" }), padOrCut({ frames: 1024 })]',
  },
  "feature-order": {
    means: "The steps of the features stand in another order than they are computed in, or one stands there twice.",
    right: "features: [removeMean(), kaldiFbank({ ... }), padOrCut({ ... }), normalize({ ... })]",
  },
  "filter-range": {
    means:
      "The mel filters end beyond half the sample rate, where a recording has nothing, or where they begin, or before. 0 < low < high <= half the rate.",
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
} as const satisfies Readonly<Record<string, CodePage>>;
