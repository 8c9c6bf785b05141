/** Bytes that can be read at any place: of a file, or of what a browser holds. */
export interface ByteSource {
  readonly size: number;
  /** @returns `length` bytes from `offset` on, fewer only at the end */
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
}

/** What is in memory already. */
export const sourceOfBytes = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
});

/** A part of a source as one of its own, for formats that lie in others. */
export const partOfSource = (source: ByteSource, start: number, end: number): ByteSource => {
  const size = Math.max(0, Math.min(end, source.size) - start);
  return {
    size,
    read: (offset, length) => source.read(start + offset, Math.max(0, Math.min(length, size - offset))),
  };
};

const firstWindowBytes = 16 * 1024;
const widestWindowBytes = 512 * 1024;

/**
 * The same source, read through a window: a few large reads for many small ones. The window is narrow at first, as headers
 * are all that some callers want. What `read` gives is not to be written to.
 */
export const buffered = (source: ByteSource): ByteSource => {
  let start = 0;
  let held = new Uint8Array();
  let windowBytes = firstWindowBytes;
  return {
    size: source.size,
    read: async (offset, length) => {
      const wanted = Math.max(0, Math.min(length, source.size - offset));
      if (offset < start || offset + wanted > start + held.length) {
        start = offset;
        held = new Uint8Array();
        held = new Uint8Array(await source.read(offset, Math.max(wanted, windowBytes)));
        windowBytes = Math.min(2 * windowBytes, widestWindowBytes);
      }
      return held.subarray(offset - start, offset - start + wanted);
    },
  };
};

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** So many chunks no recorder writes: a file of more is made to be slow. */
export const mostChunks = 10_000;

/** Bytes as characters, one each. */
export const textOf = (bytes: Uint8Array, start = 0, end = bytes.length): string =>
  String.fromCharCode(...bytes.subarray(start, end));
