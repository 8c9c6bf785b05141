/** A recording's sound as a picture, where the browser can decode it. */
import type { IndexedImage } from "../../report/figures/indexed-image.ts";
import { spectrogramImage } from "../../report/figures/spectrogram-image.ts";
import { createLogMel } from "./log-mel.ts";

export interface SoundPicture {
  readonly image: IndexedImage;
  readonly seconds: number;
  readonly binsHz: readonly number[];
}

/** The browser decodes all of a recording at once: more would take memory that the model needs. */
const mostSeconds = 1800;
const rateHz = 16_000;
const mostColumns = 1600;

/**
 * Draws a recording. What the model hears is decoded by the library, from the same bytes; this is for the eye alone.
 * @param seconds as the browser's player tells
 * @returns undefined where it is too long, or of a format that the browser does not decode
 */
export const drawSound = async (recording: Blob, seconds: number): Promise<SoundPicture | undefined> => {
  if (!(seconds > 0 && seconds <= mostSeconds)) return undefined;
  const context = new OfflineAudioContext(1, 1, rateHz);
  const sound = await context.decodeAudioData(await recording.arrayBuffer()).catch(() => undefined);
  if (!sound) return undefined;
  const channels = Array.from({ length: sound.numberOfChannels }, (_, index) => sound.getChannelData(index));
  const mono = new Float32Array(sound.length);
  for (const channel of channels)
    for (let index = 0; index < mono.length; index++)
      mono[index] = (mono[index] ?? 0) + (channel[index] ?? 0) / channels.length;
  const { bins, binsHz, take } = createLogMel(rateHz, Math.max(0.01, sound.duration / mostColumns));
  const columns = take(mono);
  if (columns.length === 0) return undefined;
  return { image: spectrogramImage(columns, bins, { widest: mostColumns }), seconds: sound.duration, binsHz };
};

/** How long a player's sound is. @returns undefined where the browser does not play it */
export const secondsOf = (player: HTMLMediaElement): Promise<number | undefined> =>
  new Promise((resolve) => {
    const tell = (): void => resolve(Number.isFinite(player.duration) ? player.duration : undefined);
    if (player.readyState >= player.HAVE_METADATA) tell();
    player.addEventListener("loadedmetadata", tell, { once: true });
    player.addEventListener("error", () => resolve(undefined), { once: true });
  });
