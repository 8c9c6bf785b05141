/** Zip archives (stored and deflated entries, zip64): the directory first, entries on demand, memory bounded by declared sizes. */
import { constants, crc32, inflateRawSync } from "node:zlib";
import type { ByteSource } from "./byte-source.ts";
import { CheckpointError, type Refuse, refuseAt } from "./checkpoint-error.ts";
import { nameProblem } from "./name-problem.ts";

export interface ZipEntry {
  readonly name: string;
  readonly isDeflated: boolean;
  readonly compressedBytes: number;
  /** Bytes after inflation. */
  readonly bytes: number;
  readonly crc: number;
  readonly headerOffset: number;
  /** Where the next entry or the directory starts. */
  readonly limit: number;
}

export interface Zip {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** `length` bytes from `start` of an entry, once the whole entry has passed its CRC. */
  readonly read: (entry: ZipEntry, start?: number, length?: number) => Uint8Array;
  /** At least the first `length` bytes of an entry, or all of it, not yet checked against the CRC. */
  readonly readStart: (entry: ZipEntry, length: number) => Uint8Array;
}

// Record signatures and sizes of the ZIP specification (APPNOTE 6.3.10, section 4.3).
const localHeader = { signature: 0x04034b50, bytes: 30 };
const directoryHeader = { signature: 0x02014b50, bytes: 46 };
const directoryEnd = { signature: 0x06054b50, bytes: 22 };
const zip64Locator = { signature: 0x07064b50, bytes: 20 };
const zip64End = { signature: 0x06064b50, bytes: 56 };
const longestComment = 0xffff;
const zip64ExtraTag = 0x0001;

/** Deflate cannot expand further than this (a match of 258 bytes takes at least 2 bits). */
const largestExpansion = 1032;
const crcBlockBytes = 2 ** 20;

const readSize = (bytes: Buffer, offset: number): number => Number(bytes.readBigUInt64LE(offset));

interface Directory {
  readonly entryCount: number;
  readonly offset: number;
  readonly bytes: number;
}

const findDirectory = (source: ByteSource): Directory => {
  const tailBytes = Math.min(source.size, directoryEnd.bytes + longestComment);
  const tail = source.read(source.size - tailBytes, tailBytes);
  const isEnd = (at: number): boolean =>
    tail.readUInt32LE(at) === directoryEnd.signature &&
    at + directoryEnd.bytes + tail.readUInt16LE(at + 20) === tail.length;
  let at = tail.length - directoryEnd.bytes;
  while (at >= 0 && !isEnd(at)) at -= 1;
  if (at < 0) {
    throw new CheckpointError(source.path, "is a zip archive without its directory at the end; it is truncated");
  }
  const locatorAt = source.size - tail.length + at - zip64Locator.bytes;
  const locator = locatorAt < 0 ? undefined : source.read(locatorAt, zip64Locator.bytes);
  if (locator?.readUInt32LE(0) !== zip64Locator.signature) {
    return {
      entryCount: tail.readUInt16LE(at + 10),
      bytes: tail.readUInt32LE(at + 12),
      offset: tail.readUInt32LE(at + 16),
    };
  }
  const end = source.read(readSize(locator, 8), zip64End.bytes);
  if (end.readUInt32LE(0) !== zip64End.signature) {
    throw new CheckpointError(
      source.path,
      `the zip64 record is not at byte ${readSize(locator, 8)}, where its locator points`,
    );
  }
  return { entryCount: readSize(end, 32), bytes: readSize(end, 40), offset: readSize(end, 48) };
};

/** Sizes and offset that do not fit in 32 bits stand in the zip64 extra field, in this order, only those. */
const withZip64 = (extra: Buffer, fields: readonly number[]): number[] => {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== zip64ExtraTag) continue;
    let next = at + 4;
    return fields.map((field) => {
      if (field !== 0xffffffff || next + 8 > extra.length) return field;
      next += 8;
      return readSize(extra, next - 8);
    });
  }
  return [...fields];
};

const decodeName = (bytes: Buffer, refuse: Refuse): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse(`an entry's name is not UTF-8 (bytes ${bytes.toString("hex")})`);
  }
};

interface DirectoryEntry extends Omit<ZipEntry, "limit"> {
  readonly nameBytes: number;
}

const checkEntry = (entry: DirectoryEntry, method: number, flags: number, refuse: Refuse): void => {
  const { name, compressedBytes, bytes } = entry;
  const problem = nameProblem(isFolder(entry) ? name.slice(0, -1) : name);
  if (problem !== undefined) refuse(`an entry is refused: ${problem}`);
  if ((flags & 1) !== 0) refuse(`entry "${name}" is encrypted; expected a plain archive`);
  if (method !== 0 && method !== 8) {
    refuse(`entry "${name}" has compression method ${method}; expected 0 (stored) or 8 (deflated)`);
  }
  if (method === 0 && compressedBytes !== bytes) {
    refuse(`entry "${name}" is stored, yet its sizes differ (${compressedBytes} and ${bytes} bytes)`);
  }
  if (bytes > largestExpansion * compressedBytes) {
    refuse(`entry "${name}" claims ${bytes} bytes out of ${compressedBytes} deflated ones, which is impossible`);
  }
};

const isFolder = ({ name, bytes }: DirectoryEntry): boolean => name.endsWith("/") && bytes === 0;

/** The entry whose directory record starts at `at`, and where the next record does. */
const parseEntry = (
  directory: Buffer,
  at: number,
  refuse: Refuse,
): { readonly entry: DirectoryEntry; readonly end: number } | undefined => {
  const isRecord =
    at + directoryHeader.bytes <= directory.length && directory.readUInt32LE(at) === directoryHeader.signature;
  if (!isRecord) return undefined;
  const nameBytes = directory.readUInt16LE(at + 28);
  const nameEnd = at + directoryHeader.bytes + nameBytes;
  const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
  const end = extraEnd + directory.readUInt16LE(at + 32);
  if (end > directory.length) return undefined;
  const method = directory.readUInt16LE(at + 10);
  const [bytes = 0, compressedBytes = 0, headerOffset = 0] = withZip64(directory.subarray(nameEnd, extraEnd), [
    directory.readUInt32LE(at + 24),
    directory.readUInt32LE(at + 20),
    directory.readUInt32LE(at + 42),
  ]);
  const name = decodeName(directory.subarray(at + directoryHeader.bytes, nameEnd), refuse);
  const crc = directory.readUInt32LE(at + 16);
  const entry = { name, nameBytes, isDeflated: method === 8, compressedBytes, bytes, crc, headerOffset };
  checkEntry(entry, method, directory.readUInt16LE(at + 8), refuse);
  return { entry, end };
};

const readDirectory = (source: ByteSource, { entryCount, offset, bytes }: Directory): DirectoryEntry[] => {
  const refuse = refuseAt(source.path);
  if (offset + bytes > source.size) {
    refuse(
      `the zip directory is said to take ${bytes} bytes at byte ${offset}, beyond the file's end at byte ${source.size}`,
    );
  }
  const directory = source.read(offset, bytes);
  const entries: DirectoryEntry[] = [];
  for (let at = 0; at < bytes;) {
    const parsed = parseEntry(directory, at, refuse) ?? refuse(`the zip directory is corrupt at byte ${offset + at}`);
    entries.push(parsed.entry);
    at = parsed.end;
  }
  if (entries.length !== entryCount) {
    refuse(`the zip directory holds ${entries.length} entries, but its end record says ${entryCount}`);
  }
  return entries.filter((entry) => !isFolder(entry));
};

/** Entries by name, each knowing where it must end at the latest. */
const placeEntries = (
  path: string,
  found: readonly DirectoryEntry[],
  directoryOffset: number,
): ReadonlyMap<string, ZipEntry> => {
  const inFileOrder = [...found].sort((a, b) => a.headerOffset - b.headerOffset);
  const limits = new Map<DirectoryEntry, number>();
  for (const [index, entry] of inFileOrder.entries()) {
    const next = inFileOrder[index + 1];
    const limit = next?.headerOffset ?? directoryOffset;
    const leastEnd = entry.headerOffset + localHeader.bytes + entry.nameBytes + entry.compressedBytes;
    if (leastEnd > limit) {
      const other = next === undefined ? "the archive's directory" : `entry "${next.name}"`;
      throw new CheckpointError(
        path,
        `entry "${entry.name}" (bytes ${entry.headerOffset} to ${leastEnd}) overlaps ${other} at byte ${limit}`,
      );
    }
    limits.set(entry, limit);
  }
  const entries = new Map<string, ZipEntry>();
  for (const entry of found) {
    if (entries.has(entry.name)) throw new CheckpointError(path, `holds entry "${entry.name}" twice`);
    entries.set(entry.name, { ...entry, limit: limits.get(entry) ?? directoryOffset });
  }
  return entries;
};

const inflate = (compressed: Uint8Array, bytes: number): Uint8Array =>
  // One chunk that holds everything: zlib then neither grows nor joins buffers.
  inflateRawSync(compressed, { chunkSize: Math.min(bytes + 64, 2 ** 30), maxOutputLength: bytes + 1 });

const inflateStart = (compressed: Uint8Array): Uint8Array =>
  inflateRawSync(compressed, { finishFlush: constants.Z_SYNC_FLUSH });

const hexadecimal = (crc: number): string => `0x${crc.toString(16).padStart(8, "0")}`;

/**
 * Opens a zip archive; entries may not overlap, repeat a name or look like paths out of a folder.
 * @throws CheckpointError for a broken or unsupported archive, and from `read` for an entry that is corrupt.
 */
export const openZip = (source: ByteSource): Zip => {
  const directory = findDirectory(source);
  const found = readDirectory(source, directory);
  const entries = placeEntries(source.path, found, directory.offset);
  const verified = new Set<ZipEntry>();

  const refuse = (entry: ZipEntry, what: string): never => {
    throw new CheckpointError(source.path, `entry "${entry.name}" ${what}`);
  };
  const dataOffset = (entry: ZipEntry): number => {
    const header = source.read(entry.headerOffset, localHeader.bytes);
    if (header.readUInt32LE(0) !== localHeader.signature) {
      refuse(entry, `has no header at byte ${entry.headerOffset}, where the directory says it starts`);
    }
    const offset = entry.headerOffset + localHeader.bytes + header.readUInt16LE(26) + header.readUInt16LE(28);
    if (offset + entry.compressedBytes > entry.limit) {
      refuse(
        entry,
        `needs bytes ${offset} to ${offset + entry.compressedBytes}, but the next part starts at byte ${entry.limit}`,
      );
    }
    const name = source.read(entry.headerOffset + localHeader.bytes, header.readUInt16LE(26)).toString("utf8");
    if (name !== entry.name) refuse(entry, `is called ${JSON.stringify(name)} in its own header`);
    return offset;
  };
  const verify = (entry: ZipEntry, crc: number): void => {
    // PyTorch leaves the field at zero where computing checksums was switched off.
    const isUnknown = entry.crc === 0 && !entry.isDeflated;
    if (crc !== entry.crc && !isUnknown) {
      refuse(entry, `is corrupt: its CRC-32 is ${hexadecimal(crc)}, expected ${hexadecimal(entry.crc)}`);
    }
    verified.add(entry);
  };
  const storedCrc = (entry: ZipEntry, offset: number): number => {
    let crc = 0;
    for (let done = 0; done < entry.bytes; done += crcBlockBytes) {
      crc = crc32(source.read(offset + done, Math.min(crcBlockBytes, entry.bytes - done)), crc);
    }
    return crc;
  };
  const readStored = (entry: ZipEntry, start: number, length: number): Uint8Array => {
    const offset = dataOffset(entry);
    const isWhole = length === entry.bytes;
    if (!isWhole && !verified.has(entry)) verify(entry, storedCrc(entry, offset));
    const bytes = source.read(offset + start, length);
    if (isWhole) verify(entry, crc32(bytes));
    return bytes;
  };
  const tryInflate = (entry: ZipEntry, run: () => Uint8Array): Uint8Array => {
    try {
      return run();
    } catch (error) {
      if (error instanceof CheckpointError) throw error;
      const isTooLong = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
      return refuse(
        entry,
        isTooLong
          ? `inflates to more than the ${entry.bytes} bytes it declares`
          : `is corrupt: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
  const readDeflated = (entry: ZipEntry, start: number, length: number): Uint8Array => {
    const compressed = source.read(dataOffset(entry), entry.compressedBytes);
    const bytes = tryInflate(entry, () => inflate(compressed, entry.bytes));
    if (bytes.length !== entry.bytes) {
      refuse(entry, `inflates to ${bytes.length} bytes, expected ${entry.bytes}`);
    }
    verify(entry, crc32(bytes));
    return bytes.subarray(start, start + length);
  };
  const readStart = (entry: ZipEntry, length: number): Uint8Array => {
    const offset = dataOffset(entry);
    if (!entry.isDeflated) return source.read(offset, Math.min(length, entry.bytes));
    for (let taken = Math.min(512, entry.compressedBytes); ; taken = Math.min(2 * taken, entry.compressedBytes)) {
      const compressed = source.read(offset, taken);
      const start = tryInflate(entry, () => inflateStart(compressed));
      if (start.length >= length || taken === entry.compressedBytes) return start;
    }
  };
  return {
    entries,
    read: (entry, start = 0, length = entry.bytes) =>
      entry.isDeflated ? readDeflated(entry, start, length) : readStored(entry, start, length),
    readStart,
  };
};
