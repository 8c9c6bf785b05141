import { createHash } from "node:crypto";
import { UserError } from "../user-error.ts";
import { AudioFault } from "./formats/audio-fault.ts";
import type { AudioStream, AudioTools } from "./formats/audio-stream.ts";
import type { ByteSource } from "./formats/byte-source.ts";
import { foreignFormat } from "./formats/foreign-format.ts";
import { openAudio } from "./open-audio.ts";
import { openByFfmpeg } from "./open-by-ffmpeg.ts";
import { openFile } from "./open-file.ts";

const sampleRatesHz = { least: 1000, most: 1_000_000 };

/**
 * Opens an audio file, whatever its format, for as long as `use` takes.
 * @param note told what is odd about a file that is read all the same
 * @throws UserError naming the file where it is missing, no regular file, not audio, or what `use` finds wrong with it
 */
export const openClip = async <Result>(
  path: string,
  note: AudioTools["note"],
  use: (stream: AudioStream) => Promise<Result>,
): Promise<Result> => {
  const { source, close } = await openFile(path);
  try {
    if (source.size === 0) throw new AudioFault("the file is empty");
    const tools: AudioTools = { note, createMd5: () => createHash("md5") };
    const stream = (await openAudio(source, tools)) ?? (await openForeign(path, source, tools));
    if (stream.sampleRateHz !== undefined) requireRate(stream.sampleRateHz);
    return await use(stream);
  } catch (error) {
    if (error instanceof AudioFault) throw new UserError("audio-malformed", { path }, error.message, { cause: error });
    if (error instanceof UserError && error.facts.path === undefined)
      throw new UserError(error.code, { ...error.facts, path }, error.sentence, { cause: error });
    throw error;
  } finally {
    await close();
  }
};

const openForeign = async (path: string, source: ByteSource, tools: AudioTools): Promise<AudioStream> => {
  const format = await foreignFormat(source);
  if (format === undefined) {
    throw new AudioFault(
      "this is not audio that can be read; expected WAV, AIFF, CAF, AU, FLAC, MP3, Ogg, WebM, or what ffmpeg decodes",
    );
  }
  return openByFfmpeg(path, format, tools);
};

/** @throws AudioFault */
export const requireRate = (sampleRateHz: number): void => {
  if (Number.isInteger(sampleRateHz) && sampleRateHz >= sampleRatesHz.least && sampleRateHz <= sampleRatesHz.most)
    return;
  throw new AudioFault(
    `its sample rate is ${sampleRateHz} Hz; expected ${sampleRatesHz.least} to ${sampleRatesHz.most} Hz`,
  );
};
