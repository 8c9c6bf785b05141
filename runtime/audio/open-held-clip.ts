/** Opens clips that are no files of the disk: knows no Node.js. */
import { UserError } from "../user-error.ts";
import { type ClipSource, streamOf } from "./clip-source.ts";
import { AudioFault, NotAudio } from "./formats/audio-fault.ts";
import type { AudioStream, AudioTools } from "./formats/audio-stream.ts";
import { type ByteSource, sourceOfBytes } from "./formats/byte-source.ts";
import { type ForeignFormat, foreignFormat } from "./formats/foreign-format.ts";
import { openRaw } from "./formats/pcm/open-raw.ts";
import { openAudio } from "./open-audio.ts";
import { requireRate } from "./require-rate.ts";

/** What opening takes of where it runs. */
export interface OpeningTools extends AudioTools {
  /** What is decoded besides, for messages. */
  readonly others: string;
  /** Opens what is of no format that is decoded here. */
  readonly openForeign: (format: ForeignFormat) => Promise<AudioStream>;
}

/** A clip that is open. */
export type UseStream<Result> = (stream: AudioStream) => Promise<Result>;

/**
 * Opens a clip, whatever its format, for as long as `use` takes.
 * @param note told what is odd about a clip that is read all the same
 * @throws UserError naming the clip where it is missing, not audio, or what `use` finds wrong with it
 */
export type OpenClip = <Result>(
  source: ClipSource,
  note: AudioTools["note"],
  use: UseStream<Result>,
) => Promise<Result>;

/** An audio file's bytes, opened by their content. @throws AudioFault */
export const openEncoded = async (source: ByteSource, tools: OpeningTools): Promise<AudioStream> => {
  if ((await source.read(0, 1)).length === 0) throw new AudioFault("the file is empty");
  const stream = await openAudio(source, tools);
  if (stream !== undefined) return stream;
  const format = await foreignFormat(source);
  if (format !== undefined) return tools.openForeign(format);
  throw new NotAudio(
    `this is not audio that can be read; expected WAV, AIFF, CAF, AU, FLAC, MP3, Ogg, WebM, or ${tools.others}`,
  );
};

/** @throws AudioFault */
export const openHeldClip = async (source: Exclude<ClipSource, string>, tools: OpeningTools): Promise<AudioStream> => {
  if ("bytes" in source) return openEncoded(sourceOfBytes(source.bytes), tools);
  if ("channels" in source) return streamOf(source);
  const { source: bytes, raw } = source;
  return raw === undefined ? openEncoded(bytes, tools) : openRaw(bytes, raw, tools);
};

/** @throws UserError naming the clip, of what is wrong with it */
export const useStream = async <Result>(
  path: string,
  opening: Promise<AudioStream>,
  use: UseStream<Result>,
): Promise<Result> => {
  try {
    const stream = await opening;
    if (stream.sampleRateHz !== undefined) requireRate(stream.sampleRateHz);
    return await use(stream);
  } catch (error) {
    if (error instanceof AudioFault) {
      const facts = { path, ...(error instanceof NotAudio ? { isAudio: false } : {}) };
      throw new UserError("audio-malformed", facts, error.message, { cause: error });
    }
    if (error instanceof UserError && error.facts.path === undefined)
      throw new UserError(error.code, { ...error.facts, path }, error.sentence, { cause: error });
    throw error;
  }
};
