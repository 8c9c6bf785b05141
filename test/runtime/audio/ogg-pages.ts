/** Ogg files taken apart and put together, for tests; no page holds a part of a packet. */

export interface OggPage {
  /** 2: the first page of its stream; 4: the last. */
  readonly flags: number;
  readonly granule: number;
  /** Default: the page's place in the list. */
  readonly sequence?: number;
  /** Packets. */
  readonly pieces: readonly Uint8Array[];
}

export const splitPages = (bytes: Buffer): OggPage[] => {
  const pages: OggPage[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const table = bytes.subarray(offset + 27, offset + 27 + (bytes[offset + 26] ?? 0));
    let at = offset + 27 + table.length;
    let start = at;
    const pieces: Uint8Array[] = [];
    for (const size of table) {
      at += size;
      if (size === 255) continue;
      pieces.push(bytes.subarray(start, at));
      start = at;
    }
    pages.push({ flags: bytes[offset + 5] ?? 0, granule: Number(bytes.readBigInt64LE(offset + 6)), pieces });
    offset = at;
  }
  return pages;
};

/** @param first the number of the first page */
export const joinPages = (pages: readonly OggPage[], first = 0): Buffer =>
  Buffer.concat(pages.map((page, index) => pageBytes(page, page.sequence ?? first + index)));

const pageBytes = ({ flags, granule, pieces }: OggPage, sequence: number): Buffer => {
  const table = pieces.flatMap(({ length }) => [
    ...Array.from({ length: Math.floor(length / 255) }, () => 255),
    length % 255,
  ]);
  const header = Buffer.alloc(27);
  header.write("OggS");
  header[5] = flags;
  header.writeBigInt64LE(BigInt(granule), 6);
  header.writeUInt32LE(7, 14); // serial number
  header.writeUInt32LE(sequence, 18);
  header[26] = table.length;
  const page = Buffer.concat([header, Buffer.from(table), ...pieces]);
  page.writeUInt32LE(checksum(page), 22);
  return page;
};

/** CRC-32 of polynomial 0x04c11db7, not reflected, bit by bit. */
const checksum = (bytes: Uint8Array): number => {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  }
  return crc >>> 0;
};
