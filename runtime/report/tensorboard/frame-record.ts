/** The Castagnoli polynomial, bits reversed (RFC 3720, appendix B.4). */
const polynomial = 0x82f63b78;

const remainders = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? polynomial : 0);
  return remainder;
});

const crc32c = (bytes: Uint8Array): number => {
  let crc = ~0;
  for (const byte of bytes) crc = (crc >>> 8) ^ (remainders[(crc ^ byte) & 0xff] ?? 0);
  return ~crc >>> 0;
};

/** Rotated and moved, so that a checksum of data that holds checksums stays useful. */
const maskedChecksum = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

/**
 * One record of a TFRecord file: length uint64, its checksum, the data, their checksum; all little-endian.
 * Source: tensorflow/core/lib/io/record_writer.h.
 */
export const frameRecord = (data: Uint8Array): Uint8Array => {
  const header = Buffer.alloc(12);
  header.writeBigUInt64LE(BigInt(data.length));
  header.writeUInt32LE(maskedChecksum(header.subarray(0, 8)), 8);
  const footer = Buffer.alloc(4);
  footer.writeUInt32LE(maskedChecksum(data));
  return Buffer.concat([header, data, footer]);
};
