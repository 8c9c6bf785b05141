import type { Artifact } from "../artifact/decode-artifact.ts";
import { clipRequirements } from "../audio/clip-requirements.ts";
import { createClipLoader } from "../audio/create-clip-loader.ts";
import { createClipSurvey } from "../audio/create-clip-survey.ts";
import { createWaveformStore } from "../data/create-waveform-store.ts";
import type { Clip } from "../data/dataset.ts";
import { UnreadableClip } from "../data/unreadable-clips.ts";
import { nodeThreads } from "../threads/node.ts";
import { UserError } from "../user-error.ts";

/** Gives a model's clips, at its sample rate. */
export interface ClipSupply {
  /** @throws UnreadableClip naming the clip */
  readonly load: (clip: Clip) => Promise<Float32Array>;
  /** What is to be said of the clips read so far. */
  readonly describe: () => readonly string[];
  readonly close: () => Promise<void>;
}

/** Starts the threads that decode and resample. */
export const openClips = ({ metadata }: Artifact): ClipSupply => {
  const survey = createClipSurvey(metadata.sampleRateHz);
  const { load: loadFile, close } = createClipLoader(nodeThreads, { ...clipRequirements(metadata), survey });
  const load = createWaveformStore({ loadFile, sampleRateHz: metadata.sampleRateHz });
  return {
    load: async (clip) => {
      try {
        return await load(clip);
      } catch (error) {
        // A decoder that breaks down over a file is no reason to lose a run.
        if (error instanceof UserError) throw new UnreadableClip(error.code, error.facts, error.sentence);
        throw new UnreadableClip("clip-unreadable", { path: clip.name }, `it cannot be read: ${String(error)}`);
      }
    },
    describe: () => [...survey.describeUnheard(), ...survey.describeNotes()],
    close,
  };
};
