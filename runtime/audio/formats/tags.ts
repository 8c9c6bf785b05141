/** Tags, and what else editors and file systems put before and after the sound. */
import { type ByteSource, isStream, textOf, viewOf } from "./byte-source.ts";

const id3Bytes = 10;
const apeBytes = 32;

/** @returns where what follows the tags at `start` begins: any number of ID3v2 and APE tags, and ID3v1 where more follows */
export const skipTags = async (source: ByteSource, start = 0): Promise<number> => {
  let offset = start;
  while (offset < source.size) {
    const bytes = await source.read(offset, apeBytes);
    const length = id3Length(bytes) ?? apeLength(bytes) ?? (textOf(bytes.subarray(0, 3)) === "TAG" ? 128 : undefined);
    if (length === undefined) break;
    offset += length;
  }
  return Math.min(offset, source.size);
};

/**
 * @returns where the tags at the end of a file begin: ID3v1, APE, Lyrics3 and ID3v2, any number of them, and zeros between them;
 *   of zeros that follow the sound a stretch is left to it, as its own last bytes may be zeros. The end of a stream is not looked at
 */
export const endBeforeTags = async (source: ByteSource): Promise<number> => {
  if (isStream(source)) return source.size;
  let end = source.size;
  for (;;) {
    const last = await bytesOfTagBefore(source, end);
    const zeros = last > 0 ? end : await startOfZeros(source, end);
    const tag = zeros < end ? await bytesOfTagBefore(source, zeros) : last;
    if (tag === 0) return Math.min(end, zeros + zerosLeft);
    end = zeros - tag;
  }
};

const chunkBytes = 4096;
/** A page of Ogg has no more, nor has a frame of the other formats. */
const zerosLeft = 64 * 1024;
const id3v1Bytes = 128;

/** @returns 0 where no tag ends at `end` */
const bytesOfTagBefore = async (source: ByteSource, end: number): Promise<number> => {
  const start = Math.max(0, end - id3v1Bytes);
  const length = lastTagLength(await source.read(start, end - start)) ?? 0;
  return length > end ? 0 : length;
};

/** Where the zeros before `end` begin; `end` where they are few, which may be a tag's. */
const startOfZeros = async (source: ByteSource, end: number): Promise<number> => {
  let start = end;
  for (let last = -1; last < 0 && start > 0;) {
    const from = Math.max(0, start - chunkBytes);
    last = (await source.read(from, start - from)).findLastIndex((byte) => byte !== 0);
    start = from + last + 1;
  }
  return end - start >= id3v1Bytes ? start : end;
};

/** Each ends with a mark and, but for ID3v1, its own size. */
const lastTagLength = (bytes: Uint8Array): number | undefined => {
  const text = (fromEnd: number, length: number): string =>
    bytes.length < fromEnd ? "" : textOf(bytes.subarray(bytes.length - fromEnd, bytes.length - fromEnd + length));
  if (text(id3v1Bytes, 3) === "TAG") return id3v1Bytes;
  const view = viewOf(bytes);
  if (text(apeBytes, 8) === "APETAGEX") {
    const flags = view.getUint32(bytes.length - 12, true) >>> 29;
    // A header alone is a tag that was never filled.
    return (flags & 1) === 1 ? apeBytes : view.getUint32(bytes.length - 20, true) + (flags & 4 ? apeBytes : 0);
  }
  if (text(9, 9) === "LYRICS200") return Number.parseInt(text(15, 6), 10) + 15 || undefined;
  if (text(id3Bytes, 3) !== "3DI") return undefined;
  return bytes.subarray(-4).reduce((total, byte) => 128 * total + (byte & 127), 0) + 2 * id3Bytes;
};

/** A header of 10 bytes, a size of four times 7 bits, and in version 2.4 maybe a footer. */
const id3Length = (bytes: Uint8Array): number | undefined => {
  const size = bytes.subarray(6, id3Bytes);
  if (textOf(bytes.subarray(0, 3)) !== "ID3" || size.length < 4 || size.some((byte) => byte > 127)) return undefined;
  const hasFooter = ((bytes[5] ?? 0) & 0x10) !== 0;
  return (hasFooter ? 2 : 1) * id3Bytes + size.reduce((total, byte) => 128 * total + byte, 0);
};

/** The size counts the items and a footer; where a header comes first, it is not in it. */
const apeLength = (bytes: Uint8Array): number | undefined => {
  if (textOf(bytes.subarray(0, 8)) !== "APETAGEX" || bytes.length < apeBytes) return undefined;
  return apeBytes + viewOf(bytes).getUint32(12, true);
};

/** Whether nothing follows but what editors and file systems leave after the sound: zeros to the end of the file, or tags. */
export const isTail = async (source: ByteSource, offset: number): Promise<boolean> => {
  for (let at = offset; at < source.size; at += chunkBytes) {
    const start = (await source.read(at, chunkBytes)).findIndex((byte) => byte !== 0);
    if (start < 0) continue;
    const text = textOf(await source.read(at + start, 11));
    return ["TAG", "APETAGEX", "ID3", "LYRICSBEGIN", "3DI"].some((tag) => text.startsWith(tag));
  }
  return true;
};
