/** The elements of EBML (RFC 8794), containers opened: a flat list in the file's order. */
import { AudioFault } from "../audio-fault.ts";
import { type ByteSource, viewOf } from "../byte-source.ts";

export interface Element {
  readonly id: number;
  /** Where its content starts, and its size; of a container that was written live, unknown. */
  readonly start: number;
  readonly size: number | undefined;
}

/** @param isContainer whether the elements in one are listed too */
export async function* readElements(
  source: ByteSource,
  isContainer: (id: number) => boolean,
): AsyncGenerator<Element, void, undefined> {
  let offset = 0;
  while (offset < source.size) {
    const bytes = await source.read(offset, 12);
    requireWhole(source, offset);
    const id = readNumber(bytes, 0, true);
    const size = id && readNumber(bytes, id.length, false);
    if (!id || id.length > 4 || !size) {
      if (bytes.every((byte) => byte === 0)) return;
      throw new AudioFault(`the file is corrupt or cut off: no element starts at byte ${offset}`);
    }
    const content = offset + id.length + size.length;
    const isUnknown = size.value === 2 ** (7 * size.length) - 1;
    yield { id: id.value, start: content, size: isUnknown ? undefined : size.value };
    if (isContainer(id.value)) offset = content;
    else if (isUnknown) throw new AudioFault(`the file is corrupt: the element at byte ${offset} has no size`);
    else offset = content + size.value;
    requireWhole(source, offset);
  }
}

/** @param offset where the next element would start; of a stream, the end may be known only now */
const requireWhole = (source: ByteSource, offset: number): void => {
  if (offset > source.size) throw new AudioFault("the file is cut off within its last block");
};

interface EbmlNumber {
  readonly value: number;
  readonly length: number;
}

/** Leading zeros of the first byte count the bytes that follow; the one after them is part of names only. */
export const readNumber = (bytes: Uint8Array, at: number, isName: boolean): EbmlNumber | undefined => {
  const first = bytes[at];
  if (first === undefined || first === 0) return undefined;
  const length = Math.clz32(first) - 23;
  if (at + length > bytes.length) return undefined;
  let value = isName ? first : first & (0xff >> length);
  for (let index = 1; index < length; index++) value = value * 256 + (bytes[at + index] ?? 0);
  return { value, length };
};

export const readUnsigned = async (source: ByteSource, { start, size = 0 }: Element): Promise<number> =>
  (await source.read(start, Math.min(size, 8))).reduce((total, byte) => 256 * total + byte, 0);

export const readFloat = async (source: ByteSource, { start, size }: Element): Promise<number> => {
  const bytes = await source.read(start, 8);
  if (size === 4 && bytes.length >= 4) return viewOf(bytes).getFloat32(0, false);
  return size === 8 && bytes.length === 8 ? viewOf(bytes).getFloat64(0, false) : 0;
};
