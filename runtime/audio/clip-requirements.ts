import { mostFrames, samplesIn } from "../../compiler/artifact/frames.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import type { ClipRequirements } from "./load-clip.ts";

/**
 * What a graph asks of clips. It hears so many frames at the most. That the front end takes off the mean of the whole waveform changes
 * none of them, as each frame's own mean is taken off after it.
 */
export const clipRequirements = (
  metadata: Pick<ArtifactMetadata, "sampleRateHz" | "minSamples" | "frames" | "anyLength" | "frameShiftSamples">,
): Required<ClipRequirements> => {
  const { sampleRateHz, minSamples } = metadata;
  return { sampleRateHz, minSamples, maxSamples: samplesIn(mostFrames(metadata), metadata) };
};
