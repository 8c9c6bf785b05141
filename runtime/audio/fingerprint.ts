/** What tells clips apart, wherever they are: knows no Node.js. */

const pieceBytes = 8192;

/** Where a file's pieces begin: at its start, in its middle and before its end; a short one is read whole. */
const placesIn = (size: number): readonly number[] =>
  size <= 3 * pieceBytes
    ? [0, pieceBytes, 2 * pieceBytes]
    : [0, Math.floor((size - pieceBytes) / 2), size - pieceBytes];

/**
 * What tells a clip from others wherever it is and whatever it is called: 40 bits of a SHA-256 of the file's length and of
 * 8 KiB at its start, middle and end, in hexadecimal. Reading the whole would take as long as an epoch.
 * @param size in bytes
 * @param read so many bytes from an offset on, or fewer at the end
 * @param sha256 in hexadecimal
 */
export const fingerprint = async (
  size: number,
  read: (offset: number, length: number) => Promise<Uint8Array>,
  sha256: (bytes: Uint8Array) => string,
): Promise<string> => {
  const pieces = [new TextEncoder().encode(String(size))];
  for (const place of placesIn(size)) pieces.push(new Uint8Array(await read(place, pieceBytes)));
  const bytes = new Uint8Array(pieces.reduce((total, { length }) => total + length, 0));
  let end = 0;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return sha256(bytes).slice(0, 10);
};
