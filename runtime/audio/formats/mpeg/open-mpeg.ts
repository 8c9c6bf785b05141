import { AudioFault } from "../audio-fault.ts";
import { type AudioBlock, type AudioStream, type AudioTools, unendedNote } from "../audio-stream.ts";
import { type ByteSource, isStream, textOf, viewOf } from "../byte-source.ts";
import { type MpegHeader, readMpegHeader } from "./frame-header.ts";
import { isTail, skipTags } from "../tags.ts";

/** So far into a file a first frame is looked for, after its tags. */
const furthestStart = 64 * 1024;
const furthestTag = 1024 * 1024;
/** So many frames in a row are no accident. */
const framesInARow = 4;
/** What decoders of layer 3 delay the sound by, beyond what the encoder says of itself. */
const decoderDelay = 529;
/**
 * By layer, what encoder and decoder together put before the sound, where the file does not tell. Of layers 1 and 2 that is what the
 * two filter banks take; of layer 3 with what LAME adds, and assumes of other encoders.
 */
const usualDelays = { 1: 481, 2: 481, 3: 576 + decoderDelay } as const;
const framesAtOnce = 32;
/** Of a stream, which may be listened to as it comes. */
const framesAtOnceLive = 4;
const joinedNote = "more sound follows than its header tells of, as in files put together; it was read too";

interface InfoTag {
  readonly frames: number | undefined;
  /** Samples that the encoder put before and after the recording; undefined where it does not tell. */
  readonly added: { readonly before: number; readonly after: number } | undefined;
}

/**
 * MPEG audio, layers 1 to 3, after tags, zeros or rubbish of up to 64 kB.
 * @returns undefined where there is no such sound
 * @throws AudioFault
 */
export const openMpeg = async (source: ByteSource, tools: AudioTools): Promise<AudioStream | undefined> => {
  const start = await findStart(source);
  if (start === undefined) return undefined;
  const { offset, header } = start;
  if (header.bytes === undefined) {
    throw new AudioFault("this is MP3 of free format, which is not supported; save it anew at a usual bit rate");
  }
  const tag = readInfoTag(await source.read(offset, header.bytes), header);
  const first = tag === undefined ? offset : offset + header.bytes;
  const names = { 1: "MP1", 2: "MP2", 3: "MP3" };
  const skip = tag?.added === undefined ? usualDelays[header.layer] : tag.added.before + decoderDelay;
  const added = tag?.added === undefined ? skip : tag.added.before + tag.added.after;
  const length = (frames: number): number => Math.max(0, frames * header.samples - added);
  const count = async (): Promise<number | undefined> => {
    if (isStream(source)) return undefined;
    let frames = 0;
    for await (const _ of walkFrames(source, first, header, () => undefined)) frames += 1;
    return length(frames);
  };
  return {
    format: names[header.layer],
    sampleRateHz: header.sampleRateHz,
    channels: header.channels,
    countFrames: () =>
      tag?.frames === undefined ? count().catch(() => undefined) : Promise.resolve(length(tag.frames)),
    decode: () => decodeFrames(source, { first, header, tag, skip, length }, tools),
  };
};

interface Start {
  readonly offset: number;
  readonly header: MpegHeader;
}

/** The first frame: one that others of its kind follow, or the end of the file. */
const findStart = async (source: ByteSource, after = 0): Promise<Start | undefined> => {
  const from = await skipTags(source, after);
  let rubbish = 0;
  for (let offset = from; offset < Math.min(source.size, from + furthestTag);) {
    const bytes = await source.read(offset, 4096);
    const index = bytes.indexOf(0xff);
    const zeros = bytes.findIndex((byte) => byte !== 0);
    // Zeros may be many: encoders are given them as padding of tags.
    rubbish += index < 0 ? (zeros < 0 ? 0 : bytes.length) : index;
    if (rubbish > furthestStart) return undefined;
    if (index < 0) {
      offset += bytes.length;
      continue;
    }
    offset += index;
    const header = readMpegHeader(await source.read(offset, 4));
    if (header && (await isFollowed(source, offset, header))) return { offset, header };
    offset += 1;
    rubbish += 1;
  }
  return undefined;
};

const isFollowed = async (source: ByteSource, offset: number, first: MpegHeader): Promise<boolean> => {
  if (first.bytes === undefined) return isFreeFormat(source, offset, first);
  let header: MpegHeader | undefined = first;
  let at = offset;
  for (let count = 1; count < framesInARow; count++) {
    at += header.bytes ?? 0;
    if (header.bytes === undefined || at > source.size) return false;
    if (at >= source.size) return count > 1 || offset === 0;
    header = readMpegHeader(await source.read(at, 4));
    // Sound that breaks off after two frames began with them all the same: what is lost there is to be told.
    if (header === undefined) return count > 1 || isTail(source, at);
    if (header.kind !== first.kind) return false;
  }
  return true;
};

/** Two more frames of free format at equal distances, give or take a byte of padding. */
const isFreeFormat = async (source: ByteSource, offset: number, { kind }: MpegHeader): Promise<boolean> => {
  const bytes = await source.read(offset, 16 * 1024);
  const isNext = (at: number): boolean => {
    const header = readMpegHeader(bytes, at);
    return header !== undefined && header.bytes === undefined && header.kind === kind;
  };
  for (let distance = 24; 2 * distance + 4 < bytes.length; distance++) {
    if (isNext(distance) && [-1, 0, 1].some((slack) => isNext(2 * distance + slack))) return true;
  }
  return false;
};

/** "Xing" or "Info" with LAME's extension, or "VBRI": the first frame of many files, which holds no sound. */
const readInfoTag = (frame: Uint8Array, { tagOffset }: MpegHeader): InfoTag | undefined => {
  const view = viewOf(frame);
  if (textOf(frame.subarray(36, 40)) === "VBRI") {
    const frames = frame.length >= 54 ? view.getUint32(50, false) : undefined;
    return { frames, added: undefined };
  }
  if (!["Xing", "Info"].includes(textOf(frame.subarray(tagOffset, tagOffset + 4)))) return undefined;
  if (tagOffset + 8 > frame.length) return undefined;
  const flags = view.getUint32(tagOffset + 4, false);
  let at = tagOffset + 8;
  const take = (flag: number, size: number): number | undefined => {
    if ((flags & flag) === 0) return undefined;
    at += size;
    return at <= frame.length ? view.getUint32(at - size, false) : undefined;
  };
  const frames = take(1, 4);
  // The file's size, a table of places in it, a quality.
  take(2, 4);
  take(4, 100);
  take(8, 4);
  const hasDelay = at + 24 <= frame.length && /^[ -~]{4}$/.test(textOf(frame.subarray(at, at + 4)));
  if (!hasDelay) return { frames, added: undefined };
  const packed = (view.getUint8(at + 21) << 16) | view.getUint16(at + 22, false);
  return { frames, added: { before: packed >>> 12, after: packed & 0xfff } };
};

interface Frame {
  readonly bytes: Uint8Array;
  readonly header: MpegHeader;
}

/**
 * Frame after frame, over tags that lie between them.
 * @param onUnended called where the file ends within a frame, or with rubbish
 * @throws AudioFault where anything else lies between them
 */
async function* walkFrames(
  source: ByteSource,
  first: number,
  { kind }: MpegHeader,
  onUnended: () => void,
): AsyncGenerator<Frame, void, undefined> {
  let offset = first;
  while (offset < source.size) {
    source.forget?.(offset);
    const head = await source.read(offset, 4);
    const header = readMpegHeader(head);
    if (header?.bytes === undefined) {
      const next = await skipTags(source, offset);
      if (next > offset) {
        offset = next;
        continue;
      }
      // Where no more sound follows, nothing is lost.
      if ((await findStart(source, offset)) !== undefined) {
        throw new AudioFault(`the file is corrupt: no MP3 frame starts at byte ${offset}`);
      }
      return (await isTail(source, offset)) ? undefined : onUnended();
    }
    if (header.kind !== kind)
      throw new AudioFault(`the file is corrupt: the frame at byte ${offset} is of another kind`);
    const bytes = await source.read(offset, header.bytes);
    if (bytes.length < header.bytes) return onUnended();
    yield { bytes, header };
    offset += header.bytes;
  }
}

interface MpegLayout {
  readonly first: number;
  readonly header: MpegHeader;
  readonly tag: InfoTag | undefined;
  readonly skip: number;
  readonly length: (frames: number) => number;
}

async function* decodeFrames(
  source: ByteSource,
  { first, header, tag, skip, length }: MpegLayout,
  tools: AudioTools,
): AsyncGenerator<AudioBlock, void, undefined> {
  const { MPEGDecoder } = await import("mpg123-decoder");
  const decoder = new MPEGDecoder({ enableGapless: false });
  await decoder.ready;
  try {
    let frames = 0;
    let decoded = 0;
    let waiting: Uint8Array[] = [];
    let isUnended = false;
    const atOnce = isStream(source) ? framesAtOnceLive : framesAtOnce;
    const end = tag?.frames === undefined ? Number.POSITIVE_INFINITY : skip + length(tag.frames);
    const decodeWaiting = (): AudioBlock | undefined => {
      const { channelData, errors } = decoder.decodeFrames(waiting);
      const expected = waiting.length * header.samples;
      waiting = [];
      const before = decoded;
      decoded += channelData[0]?.length ?? 0;
      if (errors.length > 0 || decoded !== before + expected) {
        throw new AudioFault(`the file is corrupt: frame ${frames} or one shortly before it cannot be decoded`);
      }
      const from = Math.min(Math.max(0, skip - before), decoded - before);
      const to = frames > (tag?.frames ?? frames) ? decoded - before : Math.max(from, Math.min(decoded, end) - before);
      const channels = channelData.map((samples) => samples.subarray(from, to));
      return channels[0] && channels[0].length > 0 ? { channels, sampleRateHz: header.sampleRateHz } : undefined;
    };
    for await (const { bytes } of walkFrames(source, first, header, () => (isUnended = true))) {
      // A file put together of several has the others' information tags within.
      if (frames === tag?.frames) tools.note(joinedNote);
      if (frames >= (tag?.frames ?? Number.POSITIVE_INFINITY) && readInfoTag(bytes, header)) continue;
      // A copy: the decoder gets several at once.
      waiting.push(bytes.slice());
      frames += 1;
      if (waiting.length < atOnce && frames !== tag?.frames) continue;
      const block = decodeWaiting();
      if (block) yield block;
    }
    const block = waiting.length > 0 ? decodeWaiting() : undefined;
    if (block) yield block;
    if (tag?.frames !== undefined && frames < tag.frames) {
      throw new AudioFault(`the file is cut off: its header promises ${tag.frames} frames and ${frames} follow`);
    }
    if (isUnended) tools.note(unendedNote);
  } finally {
    decoder.free();
  }
}
