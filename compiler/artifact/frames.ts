/** How a model's frames lie in a clip: the first takes `minSamples`, each other begins `frameShiftSamples` after the one before. */
import type { ArtifactMetadata } from "./metadata.ts";

type Framing = Pick<ArtifactMetadata, "minSamples" | "frameShiftSamples">;

/** @param samples `minSamples` or more */
export const framesIn = (samples: number, { minSamples, frameShiftSamples }: Framing): number =>
  1 + Math.floor((samples - minSamples) / frameShiftSamples);

/** The samples that so many frames take. */
export const samplesIn = (frames: number, { minSamples, frameShiftSamples }: Framing): number =>
  (frames - 1) * frameShiftSamples + minSamples;
