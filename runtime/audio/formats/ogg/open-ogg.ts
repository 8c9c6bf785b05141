import { AudioFault } from "../audio-fault.ts";
import { type AudioBlock, type AudioStream, type AudioTools, unendedNote } from "../audio-stream.ts";
import { type ByteSource, textOf } from "../byte-source.ts";
import { decodeFrame, type FlacFrame, type StreamInfo } from "../flac/decode-frame.ts";
import { OutOfBytes } from "../flac/bit-reader.ts";
import { formatOf, readStreamInfo, samplesOfFrames } from "../flac/decode-frames.ts";
import { opusCodec } from "./opus-codec.ts";
import type { PacketCodec } from "./packet-decoder.ts";
import { type OggPage, readLastPage, readPages } from "./read-pages.ts";
import { isVorbisStart, vorbisCodec } from "./vorbis-codec.ts";

interface LinkState {
  isEnded: boolean;
  hasSound: boolean;
}

/** Pages may be missing before the first of sound: whoever joins a broadcast gets its header, and then what is on. */
const joinedNote =
  "pages are missing before its first sound, as where a recording joined a broadcast; the rest was read";

/** Packets that end on one page, and where they end. */
interface PagePackets {
  readonly packets: readonly Uint8Array[];
  readonly granule: number | undefined;
}

/**
 * Ogg with Vorbis, Opus or FLAC, also beside video and in chains.
 * @returns undefined where it is no Ogg file, or holds none of these
 * @throws AudioFault
 */
export const openOgg = async (source: ByteSource, tools: AudioTools): Promise<AudioStream | undefined> => {
  if (textOf(await source.read(0, 4)) !== "OggS") return undefined;
  const heads = new Map<number, Uint8Array>();
  for await (const page of readPages(source)) {
    if (!page.isFirst) break;
    if (page.pieces[0]) heads.set(page.serial, page.pieces[0]);
  }
  const found = [...heads].find(([, packet]) => isSound(packet));
  if (found === undefined) return undefined;
  const [serial, head] = found;
  const facts = factsOf(head);
  return {
    ...facts,
    format: `Ogg ${facts.format}`,
    countFrames: async () => {
      if (facts.frames !== undefined) return facts.frames;
      const last = await readLastPage(source);
      // Of a chain, or beside video, the last page is another stream's.
      return last?.serial === serial && last.granule !== undefined
        ? Math.max(0, last.granule - facts.preSkip)
        : undefined;
    },
    decode: () => decodeChain(source, tools),
  };
};

const isFlacStart = (packet: Uint8Array): boolean => textOf(packet.subarray(0, 5)) === "\x7fFLAC";
const isSound = (packet: Uint8Array): boolean =>
  isVorbisStart(packet) || isFlacStart(packet) || textOf(packet.subarray(0, 8)) === "OpusHead";

/** After the mapping's own 9 bytes come FLAC's marker, and STREAMINFO with a header of 4 bytes. */
const flacInfo = (packet: Uint8Array): StreamInfo => readStreamInfo(packet.subarray(17));

const factsOf = (head: Uint8Array) => {
  if (isFlacStart(head)) {
    const info = flacInfo(head);
    const { sampleRateHz, channels, frames } = info;
    return { format: formatOf(info), sampleRateHz, channels, preSkip: 0, frames: frames || undefined };
  }
  const { format, sampleRateHz, channels, preSkip } = opusCodec(head) ?? vorbisCodec(head, undefined);
  return { format, sampleRateHz, channels, preSkip, frames: undefined };
};

async function* decodeChain(source: ByteSource, tools: AudioTools): AsyncGenerator<AudioBlock, void, undefined> {
  const pages = readPages(source, source.forget);
  let isEnded = true;
  let next = await pages.next();
  while (!next.done) {
    // The first pages of all streams that run side by side come before any other.
    let serial: number | undefined;
    let first: OggPage | undefined;
    for (; !next.done && next.value.isFirst; next = await pages.next()) {
      const { pieces } = next.value;
      if (serial === undefined && pieces[0] !== undefined && isSound(pieces[0])) ({ serial } = first = next.value);
    }
    const stream: LinkState = { isEnded: false, hasSound: false };
    if (first !== undefined && serial !== undefined) {
      yield* decodeLink(first, packetsOf(first, serial), tools);
      isEnded = stream.isEnded;
    }
    while (!next.done && !next.value.isFirst) next = await pages.next();

    async function* packetsOf({ sequence }: OggPage, serial: number): AsyncGenerator<PagePackets, void, undefined> {
      let expected = sequence;
      let open: Uint8Array[] = [];
      for (; !next.done && !next.value.isFirst; next = await pages.next()) {
        const page = next.value;
        if (page.serial !== serial) continue;
        expected = (expected + 1) >>> 0;
        const isJoined = page.sequence !== expected && !stream.hasSound;
        if (isJoined) [expected, open] = [page.sequence, []];
        if (page.sequence !== expected) {
          throw new AudioFault(`the file is corrupt: page ${expected} of its stream is missing`);
        }
        const whole = isJoined && page.isContinued ? page.pieces.slice(1) : page.pieces;
        if (isJoined) tools.note(joinedNote);
        else if (page.isContinued !== open.length > 0) {
          throw new AudioFault("the file is corrupt: a packet of it is not whole");
        }
        const pieces = whole.map((piece, index) => (index === 0 ? joined([...open, piece]) : piece));
        open = page.isOpen ? pieces.splice(-1) : [];
        stream.isEnded ||= page.isLast;
        // Headers end at position 0.
        stream.hasSound ||= page.granule !== undefined && page.granule > 0;
        yield { packets: pieces, granule: page.granule };
      }
    }
  }
  if (!isEnded) tools.note(unendedNote);
}

const joined = (pieces: readonly Uint8Array[]): Uint8Array => {
  const [only] = pieces;
  if (pieces.length === 1 && only) return only;
  const whole = new Uint8Array(pieces.reduce((total, { length }) => total + length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
};

async function* decodeLink(
  first: OggPage,
  pages: AsyncGenerator<PagePackets, void, undefined>,
  tools: AudioTools,
): AsyncGenerator<AudioBlock, void, undefined> {
  const head = first.pieces[0] ?? new Uint8Array();
  if (isFlacStart(head)) {
    const info = flacInfo(head);
    yield* samplesOfFrames(framesOf(pages, info), info, tools);
    return;
  }
  const opus = opusCodec(head);
  // The comments, and of Vorbis the setup, before the first packet of sound.
  const headers: Uint8Array[] = [];
  const waiting: Uint8Array[] = [];
  const count = opus ? 1 : 2;
  while (headers.length < count) {
    const { value, done } = await pages.next();
    if (done) throw new AudioFault("the file is corrupt or cut off: it has no sound after its header");
    headers.push(...value.packets.slice(0, count - headers.length));
    waiting.push(...value.packets.slice(headers.length));
  }
  const codec = opus ?? vorbisCodec(head, headers[1]);
  yield* trimmed(codec, pages, waiting);
}

async function* framesOf(
  pages: AsyncGenerator<PagePackets, void, undefined>,
  info: StreamInfo,
): AsyncGenerator<FlacFrame, void, undefined> {
  for await (const { packets } of pages) {
    for (const packet of packets) {
      // Metadata begins with its type; only a frame begins with all ones.
      if (packet[0] !== 0xff) continue;
      try {
        const frame = decodeFrame(packet, 0, info);
        if (frame === undefined) throw new AudioFault("the file is corrupt: a packet of it is no FLAC frame");
        yield frame;
      } catch (error) {
        if (!(error instanceof OutOfBytes)) throw error;
        throw new AudioFault("the file is corrupt: a FLAC frame of it is not whole", { cause: error });
      }
    }
  }
}

/** Decodes page by page, and leaves out what the pages' positions say is not part of the recording: at its start and its end. */
async function* trimmed(
  codec: PacketCodec,
  pages: AsyncGenerator<PagePackets, void, undefined>,
  early: readonly Uint8Array[],
): AsyncGenerator<AudioBlock, void, undefined> {
  const decoder = await codec.open();
  try {
    let decoded = 0;
    /** The position of the first sample by the first page that has one. A recording cut out of another does not begin at 0. */
    let origin: number | undefined;
    let skip = codec.preSkip;
    let isStartCut = false;
    /** The last page's samples, of which the end may have to go. */
    let held: { readonly channels: readonly Float32Array[]; readonly granule: number | undefined } | undefined;
    let waiting = early;

    const cut = (channels: readonly Float32Array[], end: number): AudioBlock | undefined => {
      const length = Math.min(channels[0]?.length ?? 0, end);
      const start = Math.min(skip, length);
      skip -= start;
      if (length <= start) return undefined;
      return { channels: channels.map((samples) => samples.subarray(start, length)), sampleRateHz: codec.sampleRateHz };
    };

    for await (const { packets, granule } of pages) {
      // A page without packets only says where the one before it ends.
      if (held && packets.length === 0) {
        held = { channels: held.channels, granule: granule ?? held.granule };
        continue;
      }
      if (held) {
        // Samples before position 0 are no part of the recording; where there is one page only, its end goes instead.
        if (origin !== undefined && origin < 0 && !isStartCut) skip -= origin;
        isStartCut ||= origin !== undefined;
        const block = cut(held.channels, Number.POSITIVE_INFINITY);
        if (block) yield block;
      }
      const channels = await decoder.decode([...waiting, ...packets]);
      waiting = [];
      decoded += channels[0]?.length ?? 0;
      if (granule !== undefined && decoded > 0) origin ??= granule - decoded;
      held = { channels, granule };
    }
    if (held) {
      const start = isStartCut ? (origin ?? 0) : Math.max(0, origin ?? 0);
      const surplus = held.granule === undefined ? 0 : Math.max(0, decoded + start - held.granule);
      const block = cut(held.channels, (held.channels[0]?.length ?? 0) - surplus);
      if (block) yield block;
    }
  } finally {
    decoder.free();
  }
}
