import { AudioFault } from "./audio-fault.ts";
import type { ByteSource } from "./byte-source.ts";

const firstBytes = 64 * 1024;
/** More is not held while nothing of it is forgotten: of a header, or of what is searched for sound. */
const mostHeldBytes = 64 * 2 ** 20;

/**
 * Bytes as they come: they are asked for as they are read, and held until they are forgotten.
 * @param next what comes next, in chunks of any size; undefined at the end
 */
export const sourceOfStream = (next: () => Promise<Uint8Array | undefined>): ByteSource => {
  let bytes = new Uint8Array(firstBytes);
  /** Where the first byte held lies in the stream, how many are held, and before which place none is needed. */
  let [start, filled, kept] = [0, 0, 0];
  let isEnded = false;

  const add = (chunk: Uint8Array): void => {
    if (filled + chunk.length > bytes.length) {
      const gone = Math.min(Math.max(0, kept - start), filled);
      const held = bytes.subarray(gone, filled);
      if (held.length + chunk.length > mostHeldBytes)
        throw new AudioFault("64 MB of it have come, and no sound in them");
      // What was read stays as it is: a new array, for no byte of the old one is ever overwritten.
      bytes = new Uint8Array(Math.max(firstBytes, 2 * (held.length + chunk.length)));
      bytes.set(held);
      start += gone;
      filled = held.length;
    }
    bytes.set(chunk, filled);
    filled += chunk.length;
  };

  return {
    get size() {
      return isEnded ? start + filled : Number.POSITIVE_INFINITY;
    },
    read: async (offset, length, least = length) => {
      if (offset < kept) throw new Error(`byte ${offset} of the stream was forgotten, up to ${kept}`);
      while (!isEnded && start + filled < offset + Math.min(least, length)) {
        const chunk = await next();
        if (chunk === undefined) isEnded = true;
        else add(chunk);
      }
      const from = Math.min(offset - start, filled);
      return bytes.subarray(from, Math.min(from + length, filled));
    },
    forget: (offset) => {
      kept = Math.max(kept, offset);
    },
  };
};
