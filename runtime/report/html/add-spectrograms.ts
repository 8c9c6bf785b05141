import { framesIn, mostFrames, samplesIn } from "../../../compiler/artifact/frames.ts";
import { openClips } from "../../evaluate/open-clips.ts";
import { openFeatureExtractor } from "../../engine/feature-extractor.ts";
import { nodeEngine } from "../../engine/node.ts";
import type { Artifact } from "../../artifact/decode-artifact.ts";
import { UserError } from "../../user-error.ts";
import { clipSource } from "./sound-urls.ts";
import { encodePng } from "../figures/encode-png.ts";
import { spectrogramImage } from "../figures/spectrogram-image.ts";
import type { Missing, Spectrogram, WorstClip } from "./sections/report-data.ts";

/**
 * Adds what the model hears of each clip: its log-mel features, up to the clip's end. A clip that cannot be read says why.
 * @param folder what the clips' paths are relative to
 * @throws UserError where ONNX Runtime refuses the graph's front end
 */
export const addSpectrograms = async (
  clips: readonly Omit<WorstClip, "spectrogram">[],
  artifact: Artifact,
  folder: string,
): Promise<readonly WorstClip[]> => {
  const { classes, bins, sampleRateHz } = artifact.metadata;
  const extractor = await openFeatureExtractor(nodeEngine, artifact);
  const supply = openClips(artifact);
  const draw = async (name: string): Promise<Spectrogram> => {
    const source = clipSource(name, classes, folder);
    const waveform = await supply.load({ name, source, classIndices: [] });
    const features = await extractor.extract(waveform);
    const present = Math.min(mostFrames(artifact.metadata), framesIn(waveform.length, artifact.metadata));
    const image = encodePng(spectrogramImage(features.subarray(0, present * bins), bins));
    const seconds = samplesIn(present, artifact.metadata) / sampleRateHz;
    return { dataUri: `data:image/png;base64,${image.toString("base64")}`, seconds };
  };
  const drawn: WorstClip[] = [];
  try {
    for (const clip of clips) {
      const spectrogram = await draw(clip.name).catch((error: unknown): Missing => {
        if (error instanceof UserError) return { missing: error.message };
        throw error;
      });
      drawn.push({ ...clip, spectrogram });
    }
  } finally {
    await extractor.close();
    await supply.close();
  }
  return drawn;
};
