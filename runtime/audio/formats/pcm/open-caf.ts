import { AudioFault } from "../audio-fault.ts";
import { type AudioStream, type AudioTools, sizeNote } from "../audio-stream.ts";
import { type ByteSource, isStream, mostChunks, textOf, viewOf } from "../byte-source.ts";
import { imaOfApple } from "./adpcm.ts";
import { aLaw, floatEncoding, integerEncoding, muLaw, type SampleEncoding } from "./sample-encoding.ts";
import { interleaved, requireChannels, streamPackets } from "./stream-packets.ts";

const flags = { isFloat: 1, isLittle: 2 } as const;

const encodingOf = (id: string, flag: number, bytes: number): SampleEncoding | undefined => {
  const isLittle = (flag & flags.isLittle) !== 0;
  if (id === "alaw") return aLaw;
  if (id === "ulaw") return muLaw;
  if (id !== "lpcm") return undefined;
  if ((flag & flags.isFloat) === 0) return bytes >= 1 && bytes <= 4 ? integerEncoding(bytes, isLittle) : undefined;
  return bytes === 4 || bytes === 8 ? floatEncoding(bytes, isLittle) : undefined;
};

/**
 * Apple's Core Audio Format, of PCM, float, A-law, mu-law and IMA ADPCM.
 * @returns undefined where it is not, or of another encoding
 * @throws AudioFault
 */
export const openCaf = async (source: ByteSource, tools: AudioTools): Promise<AudioStream | undefined> => {
  const head = await source.read(0, 52);
  if (textOf(head, 0, 4) !== "caff") return undefined;
  if (head.length < 52 || textOf(head, 8, 12) !== "desc") {
    throw new AudioFault("the file is corrupt or cut off: it has no desc chunk");
  }
  const view = viewOf(head);
  const sampleRateHz = Math.round(view.getFloat64(20, false));
  const id = textOf(head, 28, 32);
  const [flag, packetBytes, , channels, bits] = [32, 36, 40, 44, 48].map((offset) => view.getUint32(offset, false));
  if (flag === undefined || packetBytes === undefined || channels === undefined || bits === undefined) return undefined;
  requireChannels(channels);
  const { start, size, validFrames } = await findData(source);
  const present = Math.max(0, source.size - start);
  if (size > present && size !== Number.POSITIVE_INFINITY) tools.note(sizeNote);
  const shared = { sampleRateHz, channels, start, end: start + Math.min(size, present), frames: validFrames };
  if (id === "ima4") {
    const { name, ...packets } = imaOfApple(channels);
    return streamPackets(source, { ...shared, ...packets, format: `CAF, ${name}` }, tools);
  }
  const encoding = encodingOf(id, flag, packetBytes / channels);
  if (encoding === undefined) return undefined;
  if (packetBytes !== channels * encoding.bytes || Math.ceil(bits / 8) > encoding.bytes) {
    throw new AudioFault(
      `the file is corrupt: its header gives ${channels} channels of ${bits} bits in ${packetBytes} bytes`,
    );
  }
  const { name, ...packets } = interleaved(encoding, channels);
  return streamPackets(source, { ...shared, ...packets, format: `CAF, ${name}` }, tools);
};

/** Where the samples lie, after the chunk's count of edits; and how many are meant to be heard, where a packet table tells. */
const findData = async (source: ByteSource) => {
  let data: { readonly start: number; readonly size: number } | undefined;
  let validFrames: number | undefined;
  let offset = 8;
  for (let count = 0; offset + 12 <= source.size && count < mostChunks; count++) {
    const header = await source.read(offset, 12);
    if (header.length < 12) break;
    const id = textOf(header, 0, 4);
    const stated = Number(viewOf(header).getBigInt64(4, false));
    const size = stated < 0 ? Number.POSITIVE_INFINITY : stated;
    if (id === "data") data ??= { start: offset + 16, size: Math.max(0, size - 4) };
    if (data !== undefined && isStream(source)) break;
    const table = id === "pakt" ? await source.read(offset + 12, 16) : undefined;
    if (table?.length === 16) validFrames = Number(viewOf(table).getBigInt64(8, false));
    offset += 12 + size;
  }
  if (data === undefined) throw new AudioFault("the file is corrupt or cut off: it has no data chunk");
  return { ...data, validFrames: validFrames !== undefined && validFrames > 0 ? validFrames : undefined };
};
