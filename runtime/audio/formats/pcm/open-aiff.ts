import { AudioFault } from "../audio-fault.ts";
import { type AudioStream, type AudioTools, sizeNote } from "../audio-stream.ts";
import { type ByteSource, isStream, mostChunks, textOf, viewOf } from "../byte-source.ts";
import { imaOfApple } from "./adpcm.ts";
import { aLaw, floatEncoding, integerEncoding, muLaw, type SampleEncoding, unsignedBytes } from "./sample-encoding.ts";
import { interleaved, requireChannels, streamPackets } from "./stream-packets.ts";

/** A number of IEEE 754's 80-bit format; infinite and NaN ones become 0. */
const readExtended = (view: DataView, offset: number): number => {
  const exponent = (view.getUint16(offset, false) & 0x7fff) - 16_383;
  if (exponent > 1023) return 0;
  return (view.getUint32(offset + 2, false) / 2 ** 31 + view.getUint32(offset + 6, false) / 2 ** 63) * 2 ** exponent;
};

/** By AIFC's compression type; plain AIFF has none. */
const encodingOf = (type: string, bits: number): SampleEncoding | undefined => {
  const bytes = Math.ceil(bits / 8);
  switch (type) {
    case "NONE":
    case "twos":
    case "in24":
    case "in32":
      return bytes >= 1 && bytes <= 4 ? integerEncoding(bytes, false) : undefined;
    case "sowt":
    case "42ni": // libsndfile's, of 24 and 32 bits
    case "23ni":
      return bytes >= 1 && bytes <= 4 ? integerEncoding(bytes, true) : undefined;
    case "raw ":
      return bits === 8 ? unsignedBytes : undefined;
    case "fl32":
    case "FL32":
      return floatEncoding(4, false);
    case "fl64":
    case "FL64":
      return floatEncoding(8, false);
    case "alaw":
    case "ALAW":
      return aLaw;
    case "ulaw":
    case "ULAW":
      return muLaw;
    default:
      return undefined;
  }
};

/**
 * AIFF, and AIFC of PCM, float, A-law, mu-law and QuickTime's IMA ADPCM.
 * @returns undefined where it is neither, or AIFC of another encoding
 * @throws AudioFault
 */
export const openAiff = async (source: ByteSource, tools: AudioTools): Promise<AudioStream | undefined> => {
  const head = await source.read(0, 12);
  const kind = textOf(head, 8, 12);
  if (textOf(head, 0, 4) !== "FORM" || (kind !== "AIFF" && kind !== "AIFC")) return undefined;
  const chunks = new Map<string, { readonly start: number; readonly size: number }>();
  let offset = 12;
  for (let count = 0; offset + 8 <= source.size && count < mostChunks; count++) {
    const header = await source.read(offset, 8);
    if (header.length < 8) break;
    const size = viewOf(header).getUint32(4, false);
    const id = textOf(header, 0, 4);
    if (!chunks.has(id)) chunks.set(id, { start: offset + 8, size });
    if (isStream(source) && chunks.has("COMM") && chunks.has("SSND")) break;
    offset += 8 + size + (size % 2);
  }
  const [common, sound] = [chunks.get("COMM"), chunks.get("SSND")];
  if (common === undefined || sound === undefined) {
    throw new AudioFault(`the file is corrupt or cut off: it has no ${common === undefined ? "COMM" : "SSND"} chunk`);
  }
  const least = kind === "AIFF" ? 18 : 22;
  const bytes = await source.read(common.start, least);
  const prefix = await source.read(sound.start, 8);
  if (common.size < least || bytes.length < least)
    throw new AudioFault("the file is corrupt: its COMM chunk is too short");
  const view = viewOf(await source.read(common.start, least));
  const channels = view.getUint16(0, false);
  const stated = view.getUint32(2, false);
  const bits = view.getUint16(6, false);
  // Old Macintoshes record at 22,254.5 Hz.
  const sampleRateHz = Math.round(readExtended(view, 8));
  const type = kind === "AIFF" ? "NONE" : textOf(await source.read(common.start + 18, 4));
  requireChannels(channels);
  const start = sound.start + 8 + (prefix.length === 8 ? viewOf(prefix).getUint32(0, false) : 0);
  const shared = { sampleRateHz, channels, start };
  // Written to a pipe, the chunk and the count of frames have no length, or the largest.
  const isUnknown = sound.size < 8 || sound.size >= 0x7fff_f000;
  const present = Math.max(0, source.size - start);
  const promised = isUnknown ? present : Math.max(0, sound.size - (start - sound.start));
  if ((isUnknown && !isStream(source)) || promised > present) tools.note(sizeNote);
  const end = start + Math.min(promised, present);
  if (type === "ima4") {
    const { name, ...packets } = imaOfApple(channels);
    return streamPackets(source, { ...shared, ...packets, end, format: `AIFC, ${name}` }, tools);
  }
  const encoding = encodingOf(type, bits);
  if (encoding === undefined) return undefined;
  const { name, ...packets } = interleaved(encoding, channels);
  const frames = stated > 0 && stated < 0x7fff_f000 ? stated : undefined;
  if (frames !== undefined && frames > packets.framesOf(end - start)) tools.note(sizeNote);
  return streamPackets(source, { ...shared, ...packets, end, frames, format: `${kind}, ${name}` }, tools);
};
