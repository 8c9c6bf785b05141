/**
 * How a model's frames lie in a clip: each begins `frameShiftSamples` after the one before. The first takes `minSamples`; or has its middle
 * at the clip's first sample, where `reflectedSamples` are put before the clip and after it.
 */
import type { ArtifactMetadata } from "./metadata.ts";

export type Framing = Pick<ArtifactMetadata, "minSamples" | "frameShiftSamples" | "reflectedSamples">;

/** Samples of a clip with which it has so many frames, but for what is reflected: a clip has `minSamples`, however few frames it is asked for. */
export const leastSamplesOf = (frames: number, { minSamples, frameShiftSamples, reflectedSamples }: Framing): number =>
  (frames - 1) * frameShiftSamples + minSamples - (reflectedSamples === undefined ? 0 : reflectedSamples + 1);

/** @param samples `minSamples` or more */
export const framesIn = (samples: number, framing: Framing): number =>
  1 + Math.floor((samples - leastSamplesOf(1, framing)) / framing.frameShiftSamples);

/** The most frames that a model hears of a clip. */
export const mostFrames = ({ frames, anyLength }: Pick<ArtifactMetadata, "frames" | "anyLength">): number =>
  anyLength?.most ?? frames;

/** How many frames the network sees of a clip alone. @param samples `minSamples` or more */
export const framesSeen = (
  samples: number,
  metadata: Framing & Pick<ArtifactMetadata, "frames" | "anyLength">,
): number => {
  const { frames, anyLength } = metadata;
  return anyLength ? Math.max(anyLength.least, Math.min(framesIn(samples, metadata), anyLength.most)) : frames;
};

/** The samples that so many frames take; with these none of them holds what is reflected at the clip's end. */
export const samplesIn = (frames: number, { minSamples, frameShiftSamples }: Framing): number =>
  (frames - 1) * frameShiftSamples + minSamples;

/** The samples of a clip that the frames from `first` up to `end` are made of; what is reflected before its start is of those after it. */
export const samplesOf = (
  first: number,
  end: number,
  framing: Framing,
): { readonly first: number; readonly end: number } => {
  const { frameShiftSamples, reflectedSamples: reflected } = framing;
  return reflected === undefined
    ? { first: first * frameShiftSamples, end: first * frameShiftSamples + samplesIn(end - first, framing) }
    : {
        first: Math.max(0, first * frameShiftSamples - reflected),
        end: (end - 1) * frameShiftSamples + reflected,
      };
};
