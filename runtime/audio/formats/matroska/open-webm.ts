import { AudioFault } from "../audio-fault.ts";
import type { AudioBlock, AudioStream } from "../audio-stream.ts";
import { type ByteSource, viewOf } from "../byte-source.ts";
import { opusCodec } from "../ogg/opus-codec.ts";
import type { PacketCodec } from "../ogg/packet-decoder.ts";
import { vorbisCodec } from "../ogg/vorbis-codec.ts";
import { readElements, readFloat, readNumber, readUnsigned } from "./read-elements.ts";

/** Names of elements (RFC 9559). */
const ids = {
  ebml: 0x1a45_dfa3,
  segment: 0x1853_8067,
  info: 0x1549_a966,
  timestampScale: 0x2a_d7b1,
  duration: 0x4489,
  tracks: 0x1654_ae6b,
  track: 0xae,
  trackNumber: 0xd7,
  codec: 0x86,
  codecPrivate: 0x63a2,
  encodings: 0x6d80,
  cluster: 0x1f43_b675,
  blockGroup: 0xa0,
  block: 0xa1,
  simpleBlock: 0xa3,
  discardPadding: 0x75a2,
} as const;
const containers = new Set<number>([ids.segment, ids.info, ids.tracks, ids.track, ids.cluster, ids.blockGroup]);
const largestHeaderBytes = 1024 * 1024;
const largestBlockBytes = 16 * 1024 * 1024;

interface Header {
  readonly track: number;
  readonly codec: PacketCodec;
  readonly seconds: number | undefined;
}

const elementsOf = (source: ByteSource) => readElements(source, (id) => containers.has(id));

/**
 * WebM and Matroska with Opus or Vorbis: what browsers record.
 * @returns undefined where it is neither, or its first sound is of another codec
 * @throws AudioFault
 */
export const openWebm = async (source: ByteSource): Promise<AudioStream | undefined> => {
  const head = await source.read(0, 4);
  if (head.length < 4 || viewOf(head).getUint32(0, false) !== ids.ebml) return undefined;
  const header = await readHeader(source);
  if (header === undefined) return undefined;
  const { codec, seconds } = header;
  return {
    format: `WebM, ${codec.format}`,
    sampleRateHz: codec.sampleRateHz,
    channels: codec.channels,
    countFrames: () => Promise.resolve(seconds && Math.round(seconds * codec.sampleRateHz)),
    decode: () => decodeBlocks(source, header),
  };
};

/** Up to the first cluster; @returns undefined where no track is of a codec that is decoded here */
const readHeader = async (source: ByteSource): Promise<Header | undefined> => {
  let scale = 1_000_000; // nanoseconds
  let duration: number | undefined;
  let number = 0;
  let name = "";
  let found: { readonly track: number; readonly codec: PacketCodec } | undefined;
  for await (const element of elementsOf(source)) {
    const { id, start, size = 0 } = element;
    const text = () => source.read(start, Math.min(size, 64));
    if (id === ids.cluster) break;
    else if (id === ids.timestampScale) scale = await readUnsigned(source, element);
    else if (id === ids.duration) duration = await readFloat(source, element);
    else if (id === ids.trackNumber) number = await readUnsigned(source, element);
    else if (id === ids.codec) name = String.fromCharCode(...(await text()));
    else if (id === ids.encodings) return undefined;
    else if (id === ids.codecPrivate && found === undefined) {
      const codec = codecOf(name, await source.read(start, Math.min(size, largestHeaderBytes)));
      if (codec) found = { track: number, codec };
    }
  }
  return found && { ...found, seconds: duration === undefined ? undefined : (duration * scale) / 1e9 };
};

const codecOf = (name: string, setup: Uint8Array): PacketCodec | undefined => {
  if (name === "A_OPUS") return opusCodec(setup);
  if (name !== "A_VORBIS") return undefined;
  const [identification, , third] = unlace(setup, setup[0], 1);
  return vorbisCodec(identification ?? new Uint8Array(), third?.slice());
};

async function* decodeBlocks(
  source: ByteSource,
  { track, codec }: Header,
): AsyncGenerator<AudioBlock, void, undefined> {
  const decoder = await codec.open();
  const { sampleRateHz } = codec;
  try {
    let skip = codec.preSkip;
    // A block's padding is told after it.
    let held: readonly Float32Array[] = [];
    const release = (discard: number): AudioBlock | undefined => {
      const end = Math.max(0, (held[0]?.length ?? 0) - discard);
      const from = Math.min(skip, end);
      skip -= from;
      const channels = held.map((samples) => samples.subarray(from, end));
      held = [];
      return end > from ? { channels, sampleRateHz } : undefined;
    };
    let end = 0;
    for await (const element of elementsOf(source)) {
      const { id, start, size = 0 } = element;
      source.forget?.(start);
      if (id === ids.segment) end = start + size;
      let discard = 0;
      if (id === ids.discardPadding) {
        const bytes = await source.read(start, Math.min(size, 8));
        const nanoseconds = Number(
          BigInt.asIntN(
            8 * bytes.length,
            bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n),
          ),
        );
        discard = Math.max(0, Math.round((nanoseconds * sampleRateHz) / 1e9));
      } else if (id !== ids.block && id !== ids.simpleBlock) continue;
      const block = release(discard);
      if (block) yield block;
      if (id === ids.discardPadding) continue;
      if (size > largestBlockBytes) throw new AudioFault(`the file is corrupt: a block of it has ${size} bytes`);
      const packets = packetsOf(await source.read(start, size), track);
      if (packets.length > 0) held = await decoder.decode(packets);
    }
    const block = release(0);
    if (block) yield block;
    if (end > source.size) throw new AudioFault("the file is cut off between two blocks");
  } finally {
    decoder.free();
  }
}

/** A block's packets: its track, a time of 2 bytes, flags, and by these how packets share it. */
const packetsOf = (block: Uint8Array, track: number): readonly Uint8Array[] => {
  const number = readNumber(block, 0, false);
  if (number === undefined || number.length + 3 > block.length) {
    throw new AudioFault("the file is corrupt: a block of it has no header");
  }
  if (number.value !== track) return [];
  const lacing = ((block[number.length + 2] ?? 0) >> 1) & 3;
  const body = block.subarray(number.length + 3);
  if (lacing === 0) return [body];
  const count = (body[0] ?? 0) + 1;
  if (lacing === 2) {
    const size = Math.floor((body.length - 1) / count);
    return Array.from({ length: count }, (_, index) => body.subarray(1 + index * size, 1 + (index + 1) * size));
  }
  if (lacing === 3) return unlaceEbml(body, count);
  return unlace(body, count - 1, 1);
};

/** Xiph's lacing: the sizes of all packets but the last, each as bytes that add up, the last of them below 255. */
const unlace = (bytes: Uint8Array, sizes = 0, start: number): readonly Uint8Array[] => {
  let at = start;
  const lengths = Array.from({ length: sizes }, () => {
    let length = 0;
    let byte = 255;
    while (byte === 255) length += byte = bytes[at++] ?? 0;
    return length;
  });
  return split(bytes, at, lengths);
};

/** Matroska's own lacing: the first size, then the differences, as signed numbers of variable length. */
const unlaceEbml = (bytes: Uint8Array, count: number): readonly Uint8Array[] => {
  let at = 1;
  let length = 0;
  const lengths = Array.from({ length: count - 1 }, (_, index) => {
    const number = readNumber(bytes, at, false);
    if (number === undefined) throw new AudioFault("the file is corrupt: a block of it has no header");
    at += number.length;
    length = index === 0 ? number.value : length + number.value - (2 ** (7 * number.length - 1) - 1);
    return length;
  });
  return split(bytes, at, lengths);
};

const split = (bytes: Uint8Array, start: number, lengths: readonly number[]): readonly Uint8Array[] => {
  let at = start;
  const parts = lengths.map((length) => bytes.subarray(at, (at += length)));
  if (at > bytes.length || lengths.some((length) => length < 0)) {
    throw new AudioFault("the file is corrupt: a block of it is not whole");
  }
  return [...parts, bytes.subarray(at)];
};
