/** Clips that turn out to be unreadable while a run is at work. */
import type { LoadClip, LoadClipIfAny } from "./batches.ts";
import type { Clip } from "./dataset.ts";
import { standIn } from "./stand-in.ts";
import { UnreadableClip } from "./unreadable-clips.ts";

export interface LeavingOut {
  /** For training: another clip of the same classes in the place of one that is left out. */
  readonly loadToTrain: LoadClip;
  readonly loadToEvaluate: LoadClipIfAny;
}

/**
 * @param clips to train on
 * @param record told of each clip that is left out; undefined where none may be
 */
export const leaveOut = (
  clips: readonly Clip[],
  load: LoadClip,
  record: ((clip: Clip, reason: string) => Promise<void>) | undefined,
): LeavingOut => {
  const missing = new Map<Clip, UnreadableClip>();
  const isLeftOut = (clip: Clip): boolean => missing.has(clip);

  const loadUnlessLeftOut = async (clip: Clip): Promise<Float32Array | UnreadableClip> => {
    const known = missing.get(clip);
    if (known) return known;
    try {
      return await load(clip);
    } catch (error) {
      if (!record || !(error instanceof UnreadableClip)) throw error;
      // Another part of the batch may have asked for it, too.
      if (!missing.has(clip)) {
        missing.set(clip, error);
        await record(clip, error.message);
      }
      return error;
    }
  };
  const loadToTrain: LoadClip = async (clip) => {
    const waveform = await loadUnlessLeftOut(clip);
    if (!(waveform instanceof UnreadableClip)) return waveform;
    const other = standIn(clips, clip, isLeftOut);
    if (!other) throw waveform;
    return loadToTrain(other);
  };
  return {
    loadToTrain,
    loadToEvaluate: async (clip) => {
      const waveform = await loadUnlessLeftOut(clip);
      return waveform instanceof UnreadableClip ? undefined : waveform;
    },
  };
};
