import { open } from "node:fs/promises";
import { UserError } from "../user-error.ts";
import { readFailure } from "./read-failure.ts";

/** What an audio file's header says. */
export interface ClipFacts {
  readonly format: string;
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Undefined where only decoding would tell. */
  readonly seconds: number | undefined;
}

/**
 * Reads the header of an audio file, not its samples: fast, and no proof that they are whole.
 * @throws UserError naming the file where it is missing, no regular file, or not audio that can be read.
 */
export const probeClip = async (path: string): Promise<ClipFacts> => {
  const fail = (reason: string): never => {
    throw new UserError(`${path}: ${reason}`);
  };
  const file = await open(path, "r").catch((error: unknown) => fail(readFailure(error)));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
    if (bytesRead === 0) fail("the file is empty");
    const start = (text: string, offset = 0): boolean =>
      buffer.toString("latin1", offset, offset + text.length) === text;
    if (start("RIFF") && start("WAVE", 8)) {
      return {
        format: "WAV",
        sampleRateHz: buffer.readUInt32LE(24),
        channels: buffer.readUInt16LE(22),
        seconds: undefined,
      };
    }
    const isKnown = start("fLaC") || start("OggS") || start("ID3") || (buffer.readUInt16BE(0) & 0xffe0) === 0xffe0;
    if (!isKnown) fail("this is not audio that can be read; expected WAV, FLAC, MP3, Ogg Vorbis or Ogg Opus");
    return { format: "other", sampleRateHz: 0, channels: 0, seconds: undefined };
  } catch (error) {
    if (error instanceof UserError) throw error;
    return fail(readFailure(error));
  } finally {
    await file.close();
  }
};
