import { type ClipSource, nameOf } from "./clip-source.ts";
import { clipTooShort } from "./clip-too-short.ts";
import { decodeClip } from "./decode-clip.ts";
import type { OpenClip } from "./open-held-clip.ts";
import { resample, resampledLength, samplesToResample } from "./resample.ts";

/** What the model asks of a clip. */
export interface ClipRequirements {
  readonly sampleRateHz: number;
  /** A shorter clip has no frame. */
  readonly minSamples: number;
  /** The model hears no more: a longer clip's rest is not decoded. Default: all. */
  readonly maxSamples?: number;
}

export interface LoadedClip {
  /** No more than the model hears. */
  readonly samples: Float32Array<ArrayBuffer>;
  /** The file's own. */
  readonly sourceRateHz: number;
  /** How many the whole clip has at the model's rate; undefined where it is longer and its header does not say. */
  readonly clipSamples: number | undefined;
  /** What is odd about the file, in clauses that fit every file of the kind. */
  readonly notes: readonly string[];
}

/**
 * A clip ready for the model: decoded, one channel, at the model's sample rate, as far as the model hears it.
 * What is heard is bit for bit what the whole clip, resampled, begins with.
 * @throws UserError naming the clip where it cannot be decoded or is too short.
 */
export const loadClip = async (
  open: OpenClip,
  source: ClipSource,
  { sampleRateHz: toHz, minSamples, maxSamples = Number.POSITIVE_INFINITY }: ClipRequirements,
): Promise<LoadedClip> => {
  const samplesNeeded = (fromHz: number): number =>
    Number.isFinite(maxSamples) ? samplesToResample(maxSamples, { fromHz, toHz }) : maxSamples;
  const { samples, sampleRateHz: fromHz, clipSamples, notes } = await decodeClip(open, source, { samplesNeeded });
  const needed = samples.slice(0, Math.min(samples.length, samplesNeeded(fromHz)));
  const resampled = resample(needed, { fromHz, toHz });
  if (resampled.length < minSamples) {
    throw clipTooShort({ path: nameOf(source), samples: resampled.length }, { sampleRateHz: toHz, minSamples });
  }
  return {
    samples: resampled.length > maxSamples ? resampled.slice(0, maxSamples) : resampled,
    sourceRateHz: fromHz,
    clipSamples: clipSamples && resampledLength(clipSamples, { fromHz, toHz }),
    notes,
  };
};
