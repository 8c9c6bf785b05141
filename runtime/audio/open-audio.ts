import type { AudioStream, AudioTools } from "./formats/audio-stream.ts";
import { buffered, type ByteSource, isStream, partOfSource, textOf } from "./formats/byte-source.ts";
import { openFlac } from "./formats/flac/open-flac.ts";
import { foreignFormat } from "./formats/foreign-format.ts";
import { openWebm } from "./formats/matroska/open-webm.ts";
import { openMpeg } from "./formats/mpeg/open-mpeg.ts";
import { openOgg } from "./formats/ogg/open-ogg.ts";
import { openAiff } from "./formats/pcm/open-aiff.ts";
import { openAu } from "./formats/pcm/open-au.ts";
import { openCaf } from "./formats/pcm/open-caf.ts";
import { openWav } from "./formats/pcm/open-wav.ts";
import { endBeforeTags, skipTags } from "./formats/tags.ts";

/** Those that say what they are in their first bytes. */
const openers = [openFlac, openOgg, openWebm];
/** Those whose samples may be any bytes, tags' too, and that say where these end. */
const plainOpeners = [openWav, openAiff, openCaf, openAu];

/**
 * Opens a file of sound, recognised by its content. Tags before it are passed over.
 * @returns undefined where it is of no format that is decoded here
 * @throws AudioFault where it is of one, and its header is corrupt or cut off
 */
export const openAudio = async (source: ByteSource, tools: AudioTools): Promise<AudioStream | undefined> => {
  const bytes = isStream(source) ? source : buffered(source);
  const start = await skipTags(bytes);
  const sound = start === 0 ? bytes : partOfSource(bytes, start, bytes.size);
  if (textOf(await sound.read(0, 4)).length === 0) return undefined;
  for (const open of plainOpeners) {
    const stream = await open(sound, tools);
    if (stream !== undefined) return stream;
  }
  const coded = partOfSource(bytes, start, await endBeforeTags(bytes));
  for (const open of openers) {
    const stream = await open(coded, tools);
    if (stream !== undefined) return stream;
  }
  // MPEG audio may begin anywhere, and may lie in files of other formats.
  return (await foreignFormat(coded)) === undefined ? openMpeg(coded, tools) : undefined;
};
