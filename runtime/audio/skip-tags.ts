import { type ByteSource, textOf, viewOf } from "./byte-source.ts";

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
