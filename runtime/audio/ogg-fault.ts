const isLastPage = 4;

/**
 * What is wrong with an Ogg file's pages, if anything: the decoder skips broken pages silently.
 * Checks every page's checksum, and that the last page ends the stream (RFC 3533, section 6).
 */
export const oggFault = (bytes: Uint8Array): string | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  let flags = 0;
  while (offset < bytes.length) {
    const end = pageEnd(bytes, offset);
    if (end === undefined || end > bytes.length) return "the file is cut off within its last page";
    if (view.getUint32(offset, false) !== 0x4f676753)
      return `the file is corrupt: no Ogg page starts at byte ${offset}`;
    if (view.getUint32(offset + 22, true) !== checksum(bytes.subarray(offset, end))) {
      return `the file is corrupt: its page at byte ${offset} does not match its checksum`;
    }
    flags = view.getUint8(offset + 5);
    offset = end;
  }
  return (flags & isLastPage) === 0 ? "the file is cut off: no page ends the stream" : undefined;
};

/** A page's header has 27 bytes and a table of its segments' sizes. */
const pageEnd = (bytes: Uint8Array, offset: number): number | undefined => {
  const segments = bytes[offset + 26];
  if (segments === undefined) return undefined;
  const body = offset + 27 + segments;
  return bytes.subarray(offset + 27, body).reduce((end, size) => end + size, body);
};

/** CRC-32 of polynomial 0x04c11db7, not reflected, from 0, with the checksum's own four bytes as 0. */
const checksum = (page: Uint8Array): number =>
  page.reduce((crc, byte, index) => {
    const input = index >= 22 && index < 26 ? 0 : byte;
    return ((crc << 8) ^ (crcTable[(crc >>> 24) ^ input] ?? 0)) >>> 0;
  }, 0);

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc;
});
