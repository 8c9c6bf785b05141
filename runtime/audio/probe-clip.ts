import { openClip } from "./open-clip.ts";

/** What an audio file's header says. */
export interface ClipFacts {
  /** For people: "WAV, 16-bit PCM". */
  readonly format: string;
  /** Undefined, as the others, where only decoding would tell. */
  readonly sampleRateHz: number | undefined;
  readonly channels: number | undefined;
  readonly seconds: number | undefined;
}

/**
 * Reads the header of an audio file, not its samples: fast, and no proof that they are whole.
 * @throws UserError naming the file where it is missing, no regular file, or not audio that can be read
 */
export const probeClip = (path: string): Promise<ClipFacts> =>
  openClip(
    path,
    () => undefined,
    async ({ format, sampleRateHz, channels, countFrames }) => {
      const frames = await countFrames();
      return { format, sampleRateHz, channels, seconds: sampleRateHz && frames && frames / sampleRateHz };
    },
  );
