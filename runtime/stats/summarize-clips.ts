/** What a data set is like, from what was measured of its clips. */
import { framesIn } from "../../compiler/artifact/frames.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import type { ClipMeasures } from "./measure-clips.ts";
import { constantMoments, deviationOf, mergeMoments, type Moments, noMoments } from "./moments.ts";

/** Of log-mel values before normalisation. */
export interface Spread {
  readonly mean: number;
  readonly std: number;
}

/** As a network sees the features that takes this many frames, or up to so many of clips that keep their length. */
export interface FeatureStatistics extends Spread {
  readonly frames: number;
  /** Without the zeros after the ends of short clips. */
  readonly unpadded: Spread;
  /** The part of all values that are such zeros. */
  readonly paddedShare: number;
}

/** The length of input that suits the clips. */
export interface Proposal {
  readonly frames: number;
  /** How many clips have no more frames. */
  readonly wholeClips: number;
  /** At the frames proposed, or the graph's where it has fewer. */
  readonly statistics: FeatureStatistics;
}

export interface ClipSummary {
  readonly seconds: { readonly least: number; readonly median: number; readonly most: number; readonly total: number };
  readonly clipsBySampleRateHz: Readonly<Record<string, number>>;
  /** At the graph's own length. */
  readonly statistics: FeatureStatistics;
  readonly proposal: Proposal;
}

/** The share of clips that a proposed length does not cut. */
const wholeShare = 0.95;

/** A graph's own length is proposed again where it is up to this much longer than it need be. */
const slack = 1.1;

/** Other lengths are a whole number of the paper's patches, which are 16 frames. */
const patchFrames = 16;

const proposeFrames = (needed: number, current: number): number =>
  needed <= current && current <= slack * needed ? current : patchFrames * Math.ceil(needed / patchFrames);

const spreadOf = (moments: Moments): Spread => ({ mean: moments.mean, std: deviationOf(moments) });

/**
 * Over the first `count` frames of each clip, where frames that a clip does not have are zero.
 * @param clips that get such frames
 */
const statisticsOf = (perFrame: readonly Moments[], clips: number, bins: number, count: number): FeatureStatistics => {
  const present = perFrame.slice(0, count).reduce(mergeMoments, noMoments);
  const padding = constantMoments(Math.max(clips * count * bins - present.count, 0), 0);
  const all = mergeMoments(present, padding);
  return {
    frames: count,
    ...spreadOf(all),
    unpadded: spreadOf(present),
    paddedShare: padding.count / all.count,
  };
};

/** The smallest value that a share of all values does not exceed. */
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.ceil(share * sorted.length) - 1] ?? 0;

/** @param measures of one clip at least */
export const summarizeClips = (
  { samples, clipsBySampleRateHz, frames: perFrame }: ClipMeasures,
  metadata: ArtifactMetadata,
): ClipSummary => {
  const { sampleRateHz, bins, anyLength } = metadata;
  const lengths = samples.toSorted((a, b) => a - b);
  const framesOf = (length: number): number => framesIn(length, metadata);
  const frames = proposeFrames(framesOf(quantile(lengths, wholeShare)), metadata.frames);
  const over = (count: number): FeatureStatistics =>
    statisticsOf(perFrame, anyLength ? 0 : lengths.length, bins, count);
  return {
    seconds: {
      least: (lengths[0] ?? 0) / sampleRateHz,
      median: quantile(lengths, 0.5) / sampleRateHz,
      most: quantile(lengths, 1) / sampleRateHz,
      total: lengths.reduce((total, length) => total + length, 0) / sampleRateHz,
    },
    clipsBySampleRateHz: Object.fromEntries(clipsBySampleRateHz),
    statistics: over(perFrame.length),
    proposal: {
      frames,
      wholeClips: lengths.filter((length) => framesOf(length) <= frames).length,
      statistics: over(Math.min(frames, perFrame.length)),
    },
  };
};
