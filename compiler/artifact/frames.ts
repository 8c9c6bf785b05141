/** How a model's frames lie in a clip: the first takes `minSamples`, each other begins `frameShiftSamples` after the one before. */
import type { ArtifactMetadata } from "./metadata.ts";

type Framing = Pick<ArtifactMetadata, "minSamples" | "frameShiftSamples">;

/** @param samples `minSamples` or more */
export const framesIn = (samples: number, { minSamples, frameShiftSamples }: Framing): number =>
  1 + Math.floor((samples - minSamples) / frameShiftSamples);

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

/** The samples that so many frames take. */
export const samplesIn = (frames: number, { minSamples, frameShiftSamples }: Framing): number =>
  (frames - 1) * frameShiftSamples + minSamples;
