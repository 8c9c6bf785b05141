import { createClipLoader } from "../audio/create-clip-loader.ts";
import { createWaveformStore } from "../data/create-waveform-store.ts";
import type { Clip } from "../data/dataset.ts";
import type { Artifact } from "../session/read-artifact.ts";

/** Gives a model's clips, at its sample rate. */
export interface ClipSupply {
  /** @throws UserError naming the clip */
  readonly load: (clip: Clip) => Promise<Float32Array>;
  readonly close: () => Promise<void>;
}

/** Starts the threads that decode and resample. */
export const openClips = ({ metadata: { sampleRateHz, minSamples } }: Artifact): ClipSupply => {
  const loader = createClipLoader({ sampleRateHz, minSamples });
  return { load: createWaveformStore({ loadFile: loader.load, sampleRateHz }), close: loader.close };
};
