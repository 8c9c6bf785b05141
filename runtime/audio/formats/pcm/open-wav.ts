import { AudioFault } from "../audio-fault.ts";
import { type AudioStream, type AudioTools, sizeNote } from "../audio-stream.ts";
import { type ByteSource, hexOf, isStream, mostChunks, partOfSource, textOf, viewOf } from "../byte-source.ts";
import { openMpeg } from "../mpeg/open-mpeg.ts";
import { type BlockCoding, imaOfWav, microsoftAdpcm } from "./adpcm.ts";
import { aLaw, floatEncoding, integerEncoding, muLaw, type SampleEncoding, unsignedBytes } from "./sample-encoding.ts";
import { interleaved, requireChannels, streamPackets } from "./stream-packets.ts";

const tags = { pcm: 1, microsoftAdpcm: 2, float: 3, aLaw: 6, muLaw: 7, imaAdpcm: 0x11, mpeg: 0x50, mp3: 0x55 } as const;
const extensible = 0xfffe;
/** The rest of a sub-format's GUID whose first two bytes are a format tag. */
const tagGuid = "00001000800000aa00389b71";

/** How the members of the family write their chunks. */
interface Dialect {
  readonly name: string;
  readonly isLittle: boolean;
  /** Where the first chunk's header lies. */
  readonly firstChunk: number;
  readonly idBytes: 4 | 16;
  readonly readSize: (view: DataView, offset: number) => number;
  /** Chunks start at multiples of this. */
  readonly alignment: number;
}

const riff = (name: string, isLittle: boolean): Dialect => ({
  name,
  isLittle,
  firstChunk: 12,
  idBytes: 4,
  readSize: (view, offset) => view.getUint32(offset, isLittle),
  alignment: 2,
});

/** Sony's Wave64: names of 16 bytes, sizes of 8 that count the header too. */
const wave64: Dialect = {
  name: "W64",
  isLittle: true,
  firstChunk: 40,
  idBytes: 16,
  readSize: (view, offset) => Math.max(0, Number(view.getBigUint64(offset, true)) - 24),
  alignment: 8,
};
const wave64Start = "726966662e91cf11a5d628db04c10000";

const dialectOf = (head: Uint8Array): Dialect | undefined => {
  const id = textOf(head, 0, 4);
  if (hexOf(head.subarray(0, 16)) === wave64Start && textOf(head, 24, 28) === "wave") return wave64;
  if (textOf(head, 8, 12) !== "WAVE") return undefined;
  if (id === "RIFF" || id === "RF64" || id === "BW64") return riff(id === "RIFF" ? "WAV" : id, true);
  return id === "RIFX" ? riff("RIFX", false) : undefined;
};

interface Chunk {
  readonly start: number;
  readonly size: number;
}

/** A data chunk of this size or more may have been written to a pipe, before its length was known (sox 0x7ffff000, ffmpeg 0xffffffff). */
const unknownLength = 0x7fff_f000;
const isName = (name: string): boolean => /^[ -~]{4}$/.test(name);
const usual = new Set(["fmt ", "data", "fact", "LIST", "JUNK", "bext", "iXML", "id3 ", "cue ", "smpl", "FLLR", "PEAK"]);

/**
 * Where the chunk after an odd one starts: a byte of padding should follow it, which some writers forget.
 * @param after the byte after the chunk, and four more
 */
const paddingAfter = (after: Uint8Array): 0 | 1 => {
  const [padded, unpadded] = [textOf(after, 1, 5), textOf(after, 0, 4)];
  if (usual.has(padded)) return 1;
  return usual.has(unpadded) || (isName(unpadded) && !isName(padded)) ? 0 : 1;
};

/** The chunks in their order; those after the samples too where their end is known. */
async function* walkChunks(
  source: ByteSource,
  dialect: Dialect,
): AsyncGenerator<Chunk & { readonly id: string }, void, undefined> {
  const { idBytes, readSize, alignment } = dialect;
  const headerBytes = idBytes === 4 ? 8 : 24;
  let offset = dialect.firstChunk;
  let ds64: Chunk | undefined;
  let hasData = false;
  for (let count = 0; offset + headerBytes <= source.size && count < mostChunks; count++) {
    const header = await source.read(offset, headerBytes);
    if (header.length < headerBytes) return;
    const id = textOf(header, 0, 4);
    const start = offset + headerBytes;
    const stated = readSize(viewOf(header), idBytes);
    const size = id === "data" ? await dataSize(source, start, stated, ds64, dialect) : stated;
    if (id === "RIFF" || id === "RIFX") throw new AudioFault("another WAV file follows in this one; expected one");
    if (id === "data" && hasData) {
      throw new AudioFault("the file has two chunks of samples; expected one: save it anew with an audio editor");
    }
    if (id === "ds64") ds64 ??= { start, size };
    hasData ||= id === "data";
    yield { id, start, size };
    offset = start + size;
    if (alignment > 2) offset = Math.ceil(offset / alignment) * alignment;
    else if (offset % 2 !== start % 2) offset += paddingAfter(await source.read(offset, 5));
  }
}

/** The size that a data chunk has by the headers; infinite where they do not know it. */
const dataSize = async (
  source: ByteSource,
  start: number,
  stated: number,
  ds64: Chunk | undefined,
  dialect: Dialect,
): Promise<number> => {
  if (ds64 && ds64.size >= 16 && stated === 0xffff_ffff) {
    const size = Number(viewOf(await source.read(ds64.start + 8, 8)).getBigUint64(0, dialect.isLittle));
    return size === 0 ? Number.POSITIVE_INFINITY : size;
  }
  // Nor can 32 bits say how long a file of more than 4 GiB is.
  const isLong = !isStream(source) && source.size - start > 2 ** 32;
  if (dialect.idBytes === 4 && (stated >= unknownLength || isLong)) {
    return !isStream(source) && (await isEnd(source, start + stated, dialect)) ? stated : Number.POSITIVE_INFINITY;
  }
  if (stated > 0 || source.size <= start) return stated;
  // Nothing, or a length never filled in: what follows tells.
  return source.size - start >= 8 && (await isEnd(source, start, dialect)) ? 0 : Number.POSITIVE_INFINITY;
};

/** Whether a chunk ends here: with the file, or before one that has a name and fits. */
const isEnd = async (source: ByteSource, at: number, { isLittle }: Dialect): Promise<boolean> => {
  const left = source.size - at;
  // One byte may be padding.
  if (left < 8) return left === 0 || left === 1;
  const next = await source.read(at, 8);
  return isName(textOf(next, 0, 4)) && at + 8 + viewOf(next).getUint32(4, isLittle) <= source.size;
};

interface Format {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRateHz: number;
  readonly blockBytes: number;
  readonly bits: number;
  readonly extra: Uint8Array;
}

const readFormat = async (source: ByteSource, { start, size }: Chunk, isLittle: boolean): Promise<Format> => {
  const bytes = await source.read(start, Math.min(size, 4096));
  const tooShort = "the file is corrupt: its format chunk is too short";
  if (size < 16 || bytes.length < Math.min(size, 4096)) throw new AudioFault(tooShort);
  const view = viewOf(bytes);
  const shared = {
    channels: view.getUint16(2, isLittle),
    sampleRateHz: view.getUint32(4, isLittle),
    blockBytes: view.getUint16(12, isLittle),
    bits: view.getUint16(14, isLittle),
    extra: bytes.subarray(18),
  };
  requireChannels(shared.channels);
  const tag = view.getUint16(0, isLittle);
  if (tag !== extensible) return { ...shared, tag };
  if (size < 40) throw new AudioFault(tooShort);
  const guid = hexOf(bytes.subarray(28, 40));
  if (guid !== tagGuid)
    throw new AudioFault(`its WAV encoding (sub-format ${hexOf(bytes.subarray(24, 40))}) is not supported`);
  return { ...shared, tag: view.getUint16(24, isLittle) };
};

/** Bytes of a sample: its bits, rounded up; but 24 bits may lie in 4 bytes. */
const sampleBytes = ({ tag, bits, channels, blockBytes }: Format): number => {
  const stated = Math.ceil(bits / 8);
  if (blockBytes === 4 * channels && tag === tags.pcm && bits > 16 && bits < 32) return 4;
  return stated;
};

const encodingOf = (format: Format, isLittle: boolean): SampleEncoding | undefined => {
  const bytes = sampleBytes(format);
  switch (format.tag) {
    case tags.pcm:
      if (bytes < 1 || bytes > 4) return undefined;
      return bytes === 1 ? unsignedBytes : integerEncoding(bytes, isLittle);
    case tags.float:
      return bytes === 4 || bytes === 8 ? floatEncoding(bytes, isLittle) : undefined;
    case tags.aLaw:
      return aLaw;
    case tags.muLaw:
      return muLaw;
    default:
      return undefined;
  }
};

const contradiction = ({ channels, bits, blockBytes }: Format): AudioFault =>
  new AudioFault(`the file is corrupt: its header gives ${channels} channels of ${bits} bits in ${blockBytes} bytes`);

/**
 * A frame's stated size must be that of the samples, or what writers are known to put there instead: nothing, the size of one
 * channel, that of stereo for mono. Then the bits are right.
 * @throws AudioFault
 */
const requireFrameSize = (format: Format, { bytes }: SampleEncoding): void => {
  const { channels, blockBytes } = format;
  const known = [channels * bytes, bytes, 0, ...(channels === 1 && bytes > 1 ? [2 * bytes] : [])];
  if (!known.includes(blockBytes)) throw contradiction(format);
};

const adpcmOf = ({ tag, channels, extra }: Format, isLittle: boolean): BlockCoding => {
  if (tag === tags.imaAdpcm) return imaOfWav(channels);
  const view = viewOf(extra);
  const count = extra.length >= 4 ? Math.min(view.getUint16(2, isLittle), 256) : 0;
  const coefficients = Array.from({ length: count }, (_, index): readonly [number, number] => {
    const offset = 4 + 4 * index;
    if (offset + 4 > extra.length) throw new AudioFault("the file is corrupt: its format chunk is too short");
    return [view.getInt16(offset, isLittle), view.getInt16(offset + 2, isLittle)];
  });
  return microsoftAdpcm(channels, coefficients);
};

/** The chunks by name, the first of each; of a stream as far as those that are needed to hear it. */
const listChunks = async (
  source: ByteSource,
  walk: ReturnType<typeof walkChunks>,
): Promise<ReadonlyMap<string, Chunk>> => {
  const chunks = new Map<string, Chunk>();
  for (;;) {
    const { value, done } = await walk.next();
    if (done) return chunks;
    if (!chunks.has(value.id)) chunks.set(value.id, value);
    if (isStream(source) && chunks.has("fmt ") && chunks.has("data")) return chunks;
  }
};

/**
 * WAV and its relatives: RIFX, RF64, BW64 and Wave64; PCM of 1 to 4 bytes, float, A-law, mu-law, IMA and Microsoft ADPCM, MPEG audio.
 * @returns undefined where it is none of them
 * @throws AudioFault
 */
export const openWav = async (source: ByteSource, tools: AudioTools): Promise<AudioStream | undefined> => {
  const dialect = dialectOf(await source.read(0, 40));
  if (dialect === undefined) return undefined;
  const walk = walkChunks(source, dialect);
  const stream = await openSamples(source, dialect, await listChunks(source, walk), tools);
  if (stream === undefined || !isStream(source)) return stream;
  // What follows the samples of a stream is looked at when they have been heard.
  async function* decode(): ReturnType<AudioStream["decode"]> {
    if (stream !== undefined) yield* stream.decode();
    for await (const _ of walk);
  }
  return { ...stream, decode };
};

const openSamples = async (
  source: ByteSource,
  dialect: Dialect,
  chunks: ReadonlyMap<string, Chunk>,
  tools: AudioTools,
): Promise<AudioStream | undefined> => {
  const [formatChunk, data] = [chunks.get("fmt "), chunks.get("data")];
  if (formatChunk === undefined || data === undefined) {
    throw new AudioFault(
      `the file is corrupt or cut off: it has no ${formatChunk === undefined ? "format" : "data"} chunk`,
    );
  }
  const format = await readFormat(source, formatChunk, dialect.isLittle);
  const present = source.size - data.start;
  if (data.size > present) tools.note(sizeNote);
  const end = data.start + Math.min(data.size, present);
  const shared = { ...format, start: data.start, end };
  if (format.tag === tags.mp3 || format.tag === tags.mpeg) {
    const stream = await openMpeg(partOfSource(source, data.start, end), tools);
    if (stream === undefined) throw new AudioFault("the file is corrupt: nothing in it can be decoded");
    return { ...stream, format: `${dialect.name}, ${stream.format}` };
  }
  if (format.tag === tags.imaAdpcm || format.tag === tags.microsoftAdpcm) {
    const { name, headerBytes, ...packets } = adpcmOf(format, dialect.isLittle);
    if (format.bits !== 4 || format.blockBytes <= headerBytes || format.channels > 2) {
      throw contradiction(format);
    }
    return streamPackets(
      source,
      {
        ...shared,
        ...packets,
        format: `${dialect.name}, ${name}`,
        packetBytes: format.blockBytes,
      },
      tools,
    );
  }
  const encoding = encodingOf(format, dialect.isLittle);
  if (encoding === undefined) return undefined;
  requireFrameSize(format, encoding);
  const { name, ...packets } = interleaved(encoding, format.channels);
  return streamPackets(source, { ...shared, ...packets, format: `${dialect.name}, ${name}` }, tools);
};
