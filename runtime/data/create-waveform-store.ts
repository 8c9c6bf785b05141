import { resample } from "../audio/resample.ts";
import type { Clip } from "./dataset.ts";
import { soundRateHz, synthesise } from "./synthesise.ts";

export interface WaveformStoreOptions {
  /** Reads a file's samples at the model's rate. */
  readonly loadFile: (path: string) => Promise<Float32Array>;
  /** The model's rate. */
  readonly sampleRateHz: number;
  /** How much is kept for later epochs. */
  readonly budgetBytes?: number;
}

/** How much is kept for later epochs, unless that is said. */
export const waveformBudgetBytes = 512 * 2 ** 20;

/**
 * Gives the samples of clips, of files and of embedded sounds alike, and keeps them for later epochs while the budget lasts.
 * The first come stay: epochs visit every clip, so evicting would only decode others anew.
 */
export const createWaveformStore = ({
  loadFile,
  sampleRateHz,
  budgetBytes = waveformBudgetBytes,
}: WaveformStoreOptions): ((clip: Clip) => Promise<Float32Array>) => {
  const kept = new Map<Clip, Float32Array>();
  let leftBytes = budgetBytes;

  const load = async ({ source }: Clip): Promise<Float32Array> =>
    "path" in source
      ? loadFile(source.path)
      : resample(synthesise(source.sound), { fromHz: soundRateHz, toHz: sampleRateHz });

  return async (clip) => {
    const known = kept.get(clip);
    if (known !== undefined) return known;
    const waveform = await load(clip);
    if (waveform.byteLength <= leftBytes && !kept.has(clip)) {
      leftBytes -= waveform.byteLength;
      kept.set(clip, waveform);
    }
    return waveform;
  };
};
