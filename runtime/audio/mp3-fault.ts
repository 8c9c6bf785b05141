/** Where an information tag can lie in the first frame: after its header and side information, by version and channel count. */
const tagOffsets = [13, 21, 36];

/**
 * Whether an MP3 file is shorter than its information tag ("Xing" or "Info") promises.
 * A file without that tag says nothing of its length, so there a cut passes unseen.
 */
export const mp3Fault = (bytes: Uint8Array): string | undefined => {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const firstFrame = id3Length(file);
  const tag = tagOffsets
    .map((offset) => firstFrame + offset)
    .find((offset) => ["Xing", "Info"].includes(file.toString("latin1", offset, offset + 4)));
  if (tag === undefined || tag + 16 > file.length) return undefined;
  const hasFramesAndBytes = (file.readUInt32BE(tag + 4) & 3) === 3;
  const promised = hasFramesAndBytes ? file.readUInt32BE(tag + 12) : 0;
  const present = file.length - firstFrame;
  if (present >= promised) return undefined;
  return `the file is cut off: its header promises ${promised} bytes and ${present} follow`;
};

/** The length of the ID3v2 tag that opens the file: a header of 10 bytes and a size of four 7-bit bytes. */
export const id3Length = (bytes: Uint8Array): number => {
  const [i = 0, d = 0, three = 0, , , , ...size] = bytes.subarray(0, 10);
  if (size.length < 4 || String.fromCharCode(i, d, three) !== "ID3") return 0;
  return 10 + size.reduce((total, byte) => total * 128 + (byte & 127), 0);
};
