import { UserError } from "../user-error.ts";
import { decodeClip } from "./decode-clip.ts";
import { resample } from "./resample.ts";

/** What the model asks of a clip. */
export interface ClipRequirements {
  readonly sampleRateHz: number;
  /** A shorter clip has no frame. */
  readonly minSamples: number;
}

export interface LoadedClip {
  readonly samples: Float32Array<ArrayBuffer>;
  /** The file's own. */
  readonly sourceRateHz: number;
}

/**
 * A clip ready for the model: decoded, one channel, at the model's sample rate.
 * @throws UserError naming the file where it cannot be decoded or is too short.
 */
export const loadClip = async (path: string, { sampleRateHz, minSamples }: ClipRequirements): Promise<LoadedClip> => {
  const clip = await decodeClip(path);
  const samples = resample(clip.samples, { fromHz: clip.sampleRateHz, toHz: sampleRateHz });
  if (samples.length < minSamples) {
    throw new UserError(
      `${path}: the clip has ${samples.length} samples at ${sampleRateHz} Hz; the model needs ${minSamples} or more (${(minSamples / sampleRateHz) * 1000} ms)`,
    );
  }
  return { samples, sourceRateHz: clip.sampleRateHz };
};
