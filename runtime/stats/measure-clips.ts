/** Goes through clips once and keeps what their statistics follow from; no more than a few clips are in memory. */
import type { Artifact } from "../artifact/decode-artifact.ts";
import { clipRequirements } from "../audio/clip-requirements.ts";
import { createClipThreads } from "../audio/create-clip-loader.ts";
import { createClipSurvey } from "../audio/create-clip-survey.ts";
import { framesIn, mostFrames } from "../../compiler/artifact/frames.ts";
import { createWaveformStore } from "../data/create-waveform-store.ts";
import type { Clip } from "../data/dataset.ts";
import { loadAhead } from "../data/load-ahead.ts";
import { soundRateHz } from "../data/synthesise.ts";
import { openFeatureExtractor } from "../engine/feature-extractor.ts";
import { nodeEngine } from "../engine/node.ts";
import { nodeThreads } from "../threads/node.ts";
import { UserError, orUserError } from "../user-error.ts";
import { type Moments, mergeMoments, momentsOf, noMoments } from "./moments.ts";

export interface ClipMeasures {
  /** The lengths of the clips that can be read, in their order. */
  readonly samples: readonly number[];
  /** How many files have which rate, the lowest first. */
  readonly clipsBySampleRateHz: ReadonlyMap<number, number>;
  /** Of the log-mel features before normalisation, per frame of the graph; a clip counts in the frames that it has. */
  readonly frames: readonly Moments[];
  /** Of each clip that cannot be read, why. */
  readonly unreadable: readonly string[];
  /** What is to be said of those that can. */
  readonly notes: readonly string[];
}

export interface MeasureOptions {
  /** Starts at the waveform. */
  readonly artifact: Artifact;
  readonly clips: readonly Clip[];
  readonly signal?: AbortSignal | undefined;
  /** Called before each clip with the number done so far. */
  readonly onProgress?: ((clips: number) => void) | undefined;
}

/** Clips that are decoded while one is measured; enough for every thread. */
const ahead = 8;

/**
 * @returns undefined where the signal ended it
 * @throws UserError where the graph's features cannot be told from what it makes of them
 */
export const measureClips = async ({
  artifact,
  clips,
  signal,
  onProgress,
}: MeasureOptions): Promise<ClipMeasures | undefined> => {
  const { bins, sampleRateHz, normalization, normalizedPer } = artifact.metadata;
  if (normalizedPer !== undefined) {
    const message = "normalises each clip by its own mean and deviation: there are none of the data to measure for it";
    throw new UserError("normalized-per-clip", { path: artifact.path }, message);
  }
  const rates = new Map<number, number>();
  const countRate = (rateHz: number): void => void rates.set(rateHz, (rates.get(rateHz) ?? 0) + 1);
  const survey = createClipSurvey(sampleRateHz);
  const requirements = clipRequirements(artifact.metadata);
  const clipThreads = createClipThreads(nodeThreads, { survey });
  /** Of waveforms that are not their whole clips. */
  const wholeLengths = new WeakMap<Float32Array, number>();
  const loadFile = async (path: string): Promise<Float32Array> => {
    const { samples, sourceRateHz, clipSamples } = await clipThreads.read(path, requirements);
    if (clipSamples !== undefined) wholeLengths.set(samples, clipSamples);
    countRate(sourceRateHz);
    return samples;
  };
  for (const { source } of clips) if ("sound" in source) countRate(soundRateHz);

  const load = createWaveformStore({ loadFile, sampleRateHz, budgetBytes: 0 });
  const loadOrRefusal = (clip: Clip): Promise<Float32Array | UserError> => orUserError(() => load(clip));
  const extractor = await openFeatureExtractor(nodeEngine, artifact);
  const samples: number[] = [];
  const unreadable: string[] = [];
  const frames = Array.from({ length: mostFrames(artifact.metadata) }, () => noMoments);
  try {
    for await (const waveform of loadAhead(clips, loadOrRefusal, ahead)) {
      onProgress?.(samples.length + unreadable.length);
      if (signal?.aborted) return undefined;
      if (waveform instanceof UserError) {
        unreadable.push(waveform.message);
        continue;
      }
      const features = await extractor.extract(waveform);
      const present = Math.min(frames.length, framesIn(waveform.length, artifact.metadata));
      for (let frame = 0; frame < present; frame++) {
        const normalized = features.subarray(frame * bins, (frame + 1) * bins);
        const logMel = Float64Array.from(normalized, (x) => x / normalization.scale + normalization.mean);
        frames[frame] = mergeMoments(frames[frame] ?? noMoments, momentsOf(logMel));
      }
      samples.push(wholeLengths.get(waveform) ?? waveform.length);
    }
  } finally {
    await extractor.close();
    await clipThreads.close();
  }
  const notes = [...survey.describeUnheard(), ...survey.describeNotes()];
  return { samples, clipsBySampleRateHz: new Map([...rates].sort(([a], [b]) => a - b)), frames, unreadable, notes };
};
