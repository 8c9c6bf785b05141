import { createHash } from "node:crypto";
import { UserError } from "../user-error.ts";
import { type ClipSource, nameOf, streamOf } from "./clip-source.ts";
import { AudioFault, NotAudio } from "./formats/audio-fault.ts";
import type { AudioStream, AudioTools } from "./formats/audio-stream.ts";
import { type ByteSource, sourceOfBytes } from "./formats/byte-source.ts";
import { foreignFormat } from "./formats/foreign-format.ts";
import { openAudio } from "./open-audio.ts";
import { openRaw } from "./formats/pcm/open-raw.ts";
import { openByFfmpeg } from "./open-by-ffmpeg.ts";
import { openFile } from "./open-file.ts";

const sampleRatesHz = { least: 1000, most: 1_000_000 };

/** A file, or what is in memory, as audio that is decoded here or by ffmpeg. @throws AudioFault */
const openEncoded = async (source: ByteSource, path: string | undefined, note: AudioTools["note"]) => {
  if ((await source.read(0, 1)).length === 0) throw new AudioFault("the file is empty");
  const tools: AudioTools = { note, createMd5: () => createHash("md5") };
  return (await openAudio(source, tools)) ?? (await openForeign(source, path, tools));
};

/** What is no file of the disk. */
const openHeld = async (source: Exclude<ClipSource, string>, note: AudioTools["note"]): Promise<AudioStream> => {
  if ("bytes" in source) return openEncoded(sourceOfBytes(source.bytes), undefined, note);
  if ("channels" in source) return streamOf(source);
  const { source: bytes, raw } = source;
  return raw === undefined ? openEncoded(bytes, undefined, note) : openRaw(bytes, raw, { note });
};

const openSource = async (source: ClipSource, note: AudioTools["note"]) => {
  const close = () => Promise.resolve();
  if (typeof source !== "string") return { stream: openHeld(source, note), close };
  const file = await openFile(source);
  return { stream: openEncoded(file.source, source, note), close: file.close };
};

/**
 * Opens a clip, whatever its format, for as long as `use` takes.
 * @param note told what is odd about a file that is read all the same
 * @throws UserError naming the clip where it is missing, no regular file, not audio, or what `use` finds wrong with it
 */
export const openClip = async <Result>(
  source: ClipSource,
  note: AudioTools["note"],
  use: (stream: AudioStream) => Promise<Result>,
): Promise<Result> => {
  const opened = await openSource(source, note);
  try {
    const stream = await opened.stream;
    if (stream.sampleRateHz !== undefined) requireRate(stream.sampleRateHz);
    return await use(stream);
  } catch (error) {
    const path = nameOf(source);
    if (error instanceof AudioFault) {
      const facts = { path, ...(error instanceof NotAudio ? { isAudio: false } : {}) };
      throw new UserError("audio-malformed", facts, error.message, { cause: error });
    }
    if (error instanceof UserError && error.facts.path === undefined)
      throw new UserError(error.code, { ...error.facts, path }, error.sentence, { cause: error });
    throw error;
  } finally {
    await opened.close();
  }
};

const openForeign = async (source: ByteSource, path: string | undefined, tools: AudioTools): Promise<AudioStream> => {
  const format = await foreignFormat(source);
  if (format === undefined) {
    throw new NotAudio(
      "this is not audio that can be read; expected WAV, AIFF, CAF, AU, FLAC, MP3, Ogg, WebM, or what ffmpeg decodes",
    );
  }
  if (path !== undefined) return openByFfmpeg(path, format, tools);
  throw new AudioFault(
    `this is ${format.name}, which is decoded by ffmpeg, and that reads files: give the clip's path`,
  );
};

/** @throws AudioFault */
export const requireRate = (sampleRateHz: number): void => {
  if (Number.isInteger(sampleRateHz) && sampleRateHz >= sampleRatesHz.least && sampleRateHz <= sampleRatesHz.most)
    return;
  throw new AudioFault(
    `its sample rate is ${sampleRateHz} Hz; expected ${sampleRatesHz.least} to ${sampleRatesHz.most} Hz`,
  );
};
