/** The data file beside a graph, and where a tensor's values are in it: ONNX's `external_data`. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, realpathSync } from "node:fs";
import { basename, dirname } from "node:path";

/** Data files are mapped into memory by page. */
export const alignment = 4096;

/** What tells a data file, as ONNX has it: `checksum` among a tensor's external data is the SHA-1 of the file, in hexadecimal. */
export const createChecksum = () => createHash("sha1");

const chunkBytes = 2 ** 20;

/** The checksum of a file on the disk. @throws the file system's error */
export const checksumOf = (path: string): string => {
  const checksum = createChecksum();
  const chunk = Buffer.allocUnsafe(chunkBytes);
  const file = openSync(path, "r");
  try {
    for (let length = readSync(file, chunk); length > 0; length = readSync(file, chunk)) {
      checksum.update(chunk.subarray(0, length));
    }
  } finally {
    closeSync(file);
  }
  return checksum.digest("hex");
};

/** Whether a data file is, when links are followed, in the folder of its graph: ONNX Runtime 1.30 opens no other. */
export const isBeside = (graph: string, data: string): boolean =>
  dirname(realpathSync(data)) === realpathSync(dirname(graph)) ||
  dirname(realpathSync(data)) === dirname(realpathSync(graph));

/** Where a tensor's values are in a data file. */
export interface Place {
  /** The data file's name, beside the graph. */
  readonly location: string;
  /** In bytes. */
  readonly offset: number;
  readonly length: number;
  /** Of the whole file; files of other tools and older ones have none. */
  readonly checksum?: string | undefined;
}

type Entries = readonly { readonly key?: string | null; readonly value?: string | null }[];

/** A place as entries of ONNX's `external_data`. */
export const printPlace = (place: Place): { key: string; value: string }[] =>
  Object.entries(place).flatMap(([key, value]: [string, string | number | undefined]) =>
    value === undefined ? [] : [{ key, value: `${value}` }],
  );

/**
 * A place from entries of ONNX's `external_data`.
 * @param length what the tensor's shape needs, in bytes
 * @returns the place, or the end of a sentence about the tensor that says what is wrong
 */
export const parsePlace = (entries: Entries, length: number): Place | string => {
  const found = new Map(entries.map(({ key, value }) => [key, value ?? ""]));
  const location = found.get("location") ?? "";
  const isBeside = location === basename(location) && !["", ".", ".."].includes(location) && !location.includes("\0");
  if (!isBeside) return `is kept in "${location}", not beside the graph`;
  const printedOffset = found.get("offset") ?? "0";
  const offset = /^\d+$/.test(printedOffset) ? Number(printedOffset) : Number.NaN;
  if (!Number.isSafeInteger(offset)) return `starts at byte "${printedOffset}" of ${location}`;
  const printedLength = found.get("length") ?? String(length);
  if (printedLength !== String(length)) return `has ${printedLength} bytes in ${location}; its shape needs ${length}`;
  const checksum = found.get("checksum");
  return { location, offset, length, ...(checksum === undefined ? {} : { checksum }) };
};
