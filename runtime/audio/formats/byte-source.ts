/** Bytes that can be read at any place: of a file, of what a browser holds, or of a stream. */
export interface ByteSource {
  /** Of a stream infinite until its end is met. */
  readonly size: number;
  /**
   * @param least as many as which a stream waits for, and gives what is there of the rest. Default: all
   * @returns `length` bytes from `offset` on, fewer only at the end
   */
  readonly read: (offset: number, length: number, least?: number) => Promise<Uint8Array>;
  /** Of a stream alone, which holds what it has given until it is told that nothing before `offset` will be read again. */
  readonly forget?: ((offset: number) => void) | undefined;
}

/** Whether the bytes come when they come, and their end cannot be looked at before. */
export const isStream = ({ forget }: ByteSource): boolean => forget !== undefined;

/** What is in memory already. */
export const sourceOfBytes = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
});

/** A part of a source as one of its own, for formats that lie in others. */
export const partOfSource = (source: ByteSource, start: number, end: number): ByteSource => {
  const size = (): number => Math.max(0, Math.min(end, source.size) - start);
  const { forget } = source;
  return {
    get size() {
      return size();
    },
    read: (offset, length, least) => {
      const within = Math.max(0, Math.min(length, size() - offset));
      return source.read(start + offset, within, least === undefined ? within : Math.min(least, within));
    },
    forget: forget && ((offset) => forget(start + offset)),
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
  let held: Uint8Array = new Uint8Array();
  let windowBytes = firstWindowBytes;
  return {
    size: source.size,
    read: async (offset, length) => {
      const wanted = Math.max(0, Math.min(length, source.size - offset));
      if (offset < start || offset + wanted > start + held.length) {
        start = offset;
        held = new Uint8Array();
        held = await source.read(offset, Math.max(wanted, windowBytes));
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
