/** The pages of an Ogg file (RFC 3533, section 6). */
import { AudioFault } from "../audio-fault.ts";
import { type ByteSource, textOf, viewOf } from "../byte-source.ts";
import { isTail } from "../tags.ts";

export interface OggPage {
  readonly serial: number;
  readonly sequence: number;
  /** Begins with the rest of a packet. */
  readonly isContinued: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** Samples up to the end of the last packet that ends here; undefined where none ends. */
  readonly granule: number | undefined;
  /** The pieces of packets; all but the last end here, the last does unless `isOpen`. */
  readonly pieces: readonly Uint8Array[];
  readonly isOpen: boolean;
}

const headerBytes = 27;
const largestPageBytes = headerBytes + 255 + 255 * 255;
/** Rubbish between two pages is passed over where no page is missing. */
const furthestPage = 256 * 1024;

/**
 * All pages in their order. Tags and zeros after the last one are left out.
 * @param forget told what lies before each page
 * @throws AudioFault where a page does not match its checksum or is cut off
 */
export async function* readPages(
  source: ByteSource,
  forget?: ByteSource["forget"],
): AsyncGenerator<OggPage, void, undefined> {
  let offset = 0;
  let isEnded = false;
  while (offset < source.size) {
    forget?.(offset);
    const bytes = await readPage(source, offset);
    if (textOf(bytes, 0, 4) !== "OggS") {
      const next = await findPage(source, offset);
      if (next === undefined && (isEnded || (await isTail(source, offset)))) return;
      if (next === undefined) throw new AudioFault(`the file is corrupt: no Ogg page starts at byte ${offset}`);
      offset = next;
      continue;
    }
    const length = pageLength(bytes);
    if (length === undefined || length > bytes.length) throw new AudioFault("the file is cut off within its last page");
    const page = bytes.slice(0, length);
    if (viewOf(page).getUint32(22, true) !== checksumOf(page)) {
      throw new AudioFault(`the file is corrupt: its page at byte ${offset} does not match its checksum`);
    }
    const parsed = parsePage(page);
    isEnded = parsed.isLast;
    yield parsed;
    offset += length;
  }
}

/** As many bytes as a page has, or more; all that there are where it is cut off. */
const readPage = async (source: ByteSource, offset: number): Promise<Uint8Array> => {
  let least = headerBytes;
  for (;;) {
    const bytes = await source.read(offset, largestPageBytes, least);
    const needed = pageLength(bytes) ?? headerBytes + (bytes[26] ?? 0);
    if (bytes.length >= needed || bytes.length < least) return bytes;
    least = needed;
  }
};

/** The last page's serial number and granule, without reading what comes before. */
export const readLastPage = async (source: ByteSource): Promise<OggPage | undefined> => {
  const start = Math.max(0, source.size - 2 * largestPageBytes);
  const bytes = await source.read(start, source.size - start);
  for (let offset = bytes.length - headerBytes; offset >= 0; offset--) {
    if (bytes[offset] !== 0x4f || textOf(bytes, offset, offset + 4) !== "OggS") continue;
    const length = pageLength(bytes.subarray(offset));
    if (length === undefined || offset + length > bytes.length) continue;
    const page = bytes.slice(offset, offset + length);
    if (viewOf(page).getUint32(22, true) === checksumOf(page)) return parsePage(page);
  }
  return undefined;
};

const findPage = async (source: ByteSource, offset: number): Promise<number | undefined> => {
  const bytes = await source.read(offset, furthestPage);
  for (let index = 0; index + headerBytes <= bytes.length; index++) {
    if (bytes[index] === 0x4f && textOf(bytes, index, index + 5) === "OggS\0") return offset + index;
  }
  return undefined;
};

/** A page's header is followed by a table of its segments' sizes. */
const pageLength = (bytes: Uint8Array): number | undefined => {
  const segments = bytes[26];
  if (segments === undefined) return undefined;
  const body = headerBytes + segments;
  return bytes.length < body ? undefined : bytes.subarray(headerBytes, body).reduce((end, size) => end + size, body);
};

const parsePage = (page: Uint8Array): OggPage => {
  const view = viewOf(page);
  const flags = view.getUint8(5);
  const granule = view.getBigInt64(6, true);
  const segments = view.getUint8(26);
  const pieces: Uint8Array[] = [];
  let start = headerBytes + segments;
  let end = start;
  for (let index = 0; index < segments; index++) {
    const size = view.getUint8(headerBytes + index);
    end += size;
    // A segment of less than 255 bytes ends a packet.
    if (size === 255 && index < segments - 1) continue;
    pieces.push(page.subarray(start, end));
    start = end;
  }
  return {
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    isContinued: (flags & 1) !== 0,
    isFirst: (flags & 2) !== 0,
    isLast: (flags & 4) !== 0,
    granule: granule < 0n ? undefined : Number(granule),
    pieces,
    isOpen: segments > 0 && view.getUint8(headerBytes + segments - 1) === 255,
  };
};

/** CRC-32 of polynomial 0x04c11db7, not reflected, from 0, with the checksum's own four bytes as 0. */
const checksumOf = (page: Uint8Array): number => {
  let crc = 0;
  for (let index = 0; index < page.length; index++) {
    const input = index >= 22 && index < 26 ? 0 : (page[index] ?? 0);
    crc = (crc << 8) ^ (crcTable[(crc >>> 24) ^ input] ?? 0);
  }
  return crc >>> 0;
};

const crcTable = Int32Array.from({ length: 256 }, (_, index) => {
  let crc = index << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc;
});
