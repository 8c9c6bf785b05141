/** Where the values of a graph's tensors are: in the graph, or in the data file beside it by ONNX's `external_data`. */
import { DataLocation, type onnx } from "./onnx.ts";

/** Data files are mapped into memory by page. */
export const alignment = 4096;

/** Parameters of more bytes than this go to a data file. */
export const inlineLimitBytes = 32 * 2 ** 20;

/** Where a tensor's values are in a data file. */
export interface Place {
  /** The data file's name, beside the graph. */
  readonly location: string;
  /** In bytes. */
  readonly offset: number;
  readonly length: number;
  /** SHA-1 of the whole file, in hexadecimal; files of other tools and older ones have none. */
  readonly checksum?: string | undefined;
}

/** A tensor's values as a graph tells them. */
export type Values =
  | { readonly kind: "inline"; readonly bytes: Uint8Array }
  | { readonly kind: "external"; readonly place: Place };

type Entries = readonly { readonly key?: string | null; readonly value?: string | null }[];

/** A place as entries of ONNX's `external_data`. */
const printPlace = (place: Place): { key: string; value: string }[] =>
  Object.entries(place).flatMap(([key, value]: [string, string | number | undefined]) =>
    value === undefined ? [] : [{ key, value: `${value}` }],
  );

const parsePlace = (entries: Entries, length: number): Place | string => {
  const found = new Map(entries.map(({ key, value }) => [key, value ?? ""]));
  const location = found.get("location") ?? "";
  const isBeside = !["", ".", ".."].includes(location) && !/[/\\\0]/.test(location);
  if (!isBeside) return `is kept in "${location}", not beside the graph`;
  const printedOffset = found.get("offset") ?? "0";
  const offset = /^\d+$/.test(printedOffset) ? Number(printedOffset) : Number.NaN;
  if (!Number.isSafeInteger(offset)) return `starts at byte "${printedOffset}" of ${location}`;
  const printedLength = found.get("length") ?? String(length);
  if (printedLength !== String(length)) return `has ${printedLength} bytes in ${location}; its shape needs ${length}`;
  const checksum = found.get("checksum");
  return { location, offset, length, ...(checksum === undefined ? {} : { checksum }) };
};

/** A tensor's values as its message in the graph tells them. */
export const encodeValues = (values: Values): Pick<onnx.ITensorProto, "rawData" | "dataLocation" | "externalData"> =>
  values.kind === "inline"
    ? { rawData: values.bytes, dataLocation: null, externalData: null }
    : { dataLocation: DataLocation.EXTERNAL, externalData: printPlace(values.place) };

/**
 * Where a tensor's values are.
 * @param length what the tensor's shape needs, in bytes
 * @returns the end of a sentence about the tensor where they are not as they must be
 */
export const locateValues = (
  { dataLocation, rawData, externalData }: onnx.ITensorProto,
  length: number,
): Values | string => {
  if (dataLocation === DataLocation.EXTERNAL) {
    const place = parsePlace(externalData ?? [], length);
    return typeof place === "string" ? place : { kind: "external", place };
  }
  const bytes = rawData ?? new Uint8Array();
  if (bytes.length === length) return { kind: "inline", bytes };
  return `has ${bytes.length} bytes; its shape needs ${length}`;
};
