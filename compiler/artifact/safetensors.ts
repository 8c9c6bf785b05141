/** The header of a `.safetensors`: 8 bytes of its length, JSON, then the tensors' bytes without a gap. */
import { tensorBytes } from "./element-types.ts";

/** What is read: bytes of a file by their place. */
export interface SafetensorsSource {
  /** In bytes. */
  readonly size: number;
  readonly read: (offset: number, length: number) => Uint8Array;
}

/** An element type of the reader's, and its width. */
export interface SafetensorsType<Type extends string> {
  readonly type: Type;
  readonly bytes: number;
}

export interface SafetensorsEntry<Type extends string> {
  readonly name: string;
  readonly type: Type;
  readonly shape: readonly number[];
  /** Where its values are in the file, little endian and in C order. */
  readonly offset: number;
  readonly bytes: number;
}

export interface SafetensorsHeader<Type extends string> {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the file's order. */
  readonly tensors: readonly SafetensorsEntry<Type>[];
}

export interface SafetensorsProblem {
  readonly code: "not-safetensors" | "file-cut-short" | "file-damaged" | "element-type-unknown";
  readonly tensor?: string;
  /** What is wrong with the file, in a sentence. */
  readonly message: string;
}

/** Ends the reading. */
type Refuse = (problem: SafetensorsProblem) => never;

/** Room for 150,000 tensors; the format allows 100 MB, which hostile JSON unfolds to 2 GB in memory. */
const longestHeader = 2 ** 24;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The first key that the outermost object of valid JSON holds twice, in quotes: JSON.parse would keep the last one silently. */
const repeatedKey = (json: string): string | undefined => {
  const seen = new Set<unknown>();
  let depth = 0;
  let text = "";
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === "{" || token === "[") depth += 1;
    if (token === "}" || token === "]") depth -= 1;
    if (token.startsWith('"')) text = token;
    if (token !== ":" || depth !== 1) continue;
    const key: unknown = JSON.parse(text);
    if (seen.has(key)) return text;
    seen.add(key);
  }
  return undefined;
};

const parseJson = (bytes: Uint8Array, refuse: Refuse): Record<string, unknown> => {
  const refuseHeader = (message: string): never => refuse({ code: "not-safetensors", message });
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuseHeader("its header is not UTF-8");
  }
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    return refuseHeader("its header is not JSON");
  }
  if (!isRecord(header)) return refuseHeader("its header is not a JSON object");
  const twice = repeatedKey(text);
  if (twice !== undefined) refuse({ code: "file-damaged", message: `its header names ${twice} twice` });
  return header;
};

const isOffset = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

const parseTensor = <Type extends string>(
  name: string,
  value: unknown,
  types: ReadonlyMap<string, SafetensorsType<Type>>,
  dataOffset: number,
  refuse: Refuse,
): SafetensorsEntry<Type> => {
  const refuseTensor = (what: string, code: SafetensorsProblem["code"] = "file-damaged"): never =>
    refuse({ code, tensor: name, message: `tensor "${name}" ${what}` });
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  if (typeof dtype !== "string" || !Array.isArray(shape) || !Array.isArray(offsets) || offsets.length !== 2) {
    return refuseTensor("needs a dtype, a shape and two data_offsets");
  }
  const found = types.get(dtype);
  if (!found) {
    return refuseTensor(`has dtype "${dtype}"; expected one of ${[...types.keys()].join(" ")}`, "element-type-unknown");
  }
  const bytes = tensorBytes(shape, found.bytes);
  if (bytes === undefined) return refuseTensor(`has an impossible shape [${shape.join(", ")}]`);
  const [begin, end]: unknown[] = offsets;
  if (!isOffset(begin) || !isOffset(end) || begin > end) {
    return refuseTensor(`has impossible data_offsets [${offsets.join(", ")}]`);
  }
  if (end - begin !== bytes) {
    return refuseTensor(`is ${dtype} [${shape.join(", ")}], ${bytes} bytes, but its data_offsets span ${end - begin}`);
  }
  return { name, type: found.type, shape: shape as number[], offset: dataOffset + begin, bytes };
};

/** Tensors must fill the data without overlap, gap or rest. */
const checkPlaces = (
  tensors: readonly Pick<SafetensorsEntry<string>, "name" | "offset" | "bytes">[],
  dataOffset: number,
  size: number,
  refuse: Refuse,
): void => {
  const refuseLayout = (message: string): never => refuse({ code: "file-damaged", message });
  let filled = 0;
  for (const { name, offset, bytes } of [...tensors].sort((a, b) => a.offset - b.offset || a.bytes - b.bytes)) {
    const [begin, end] = [offset - dataOffset, offset - dataOffset + bytes];
    if (end > size - dataOffset) {
      refuse({
        code: "file-cut-short",
        tensor: name,
        message: `tensor "${name}" ends at byte ${end} of the data, which has ${size - dataOffset}; the file is truncated or its header lies`,
      });
    }
    if (begin < filled)
      refuseLayout(`tensor "${name}" overlaps the one before it (from byte ${begin} to ${filled} of the data)`);
    if (begin > filled)
      refuseLayout(`no tensor covers bytes ${filled} to ${begin} of the data, before tensor "${name}"`);
    filled = end;
  }
  if (filled < size - dataOffset) {
    refuseLayout(`no tensor covers bytes ${filled} to ${size - dataOffset} of the data, after the last tensor`);
  }
};

const parseMetadata = (value: unknown, refuse: Refuse): ReadonlyMap<string, string> => {
  const metadata = new Map<string, string>();
  if (!isRecord(value))
    return refuse({ code: "file-damaged", message: "its __metadata__ is not an object of strings" });
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") {
      return refuse({ code: "file-damaged", message: `its __metadata__ "${key}" is not a string` });
    }
    metadata.set(key, text);
  }
  return metadata;
};

/**
 * @param types by the format's names of them: those that the reader takes
 * @param refuse told what is wrong with a header that is broken or does not account for every byte of the file
 */
export const readSafetensorsHeader = <Type extends string>(
  source: SafetensorsSource,
  types: ReadonlyMap<string, SafetensorsType<Type>>,
  refuse: Refuse,
): SafetensorsHeader<Type> => {
  const { size, read } = source;
  if (size < 8) refuse({ code: "not-safetensors", message: `it has ${size} bytes; expected a header of 8 or more` });
  const prefix = read(0, 8);
  const claimed = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (claimed > longestHeader) {
    const message = `its safetensors header claims ${claimed} bytes; expected at most ${longestHeader}`;
    refuse({ code: "not-safetensors", message });
  }
  const length = Number(claimed);
  const dataOffset = 8 + length;
  if (dataOffset > size) {
    const message = `its safetensors header claims ${length} bytes, but the file has ${size}; it is truncated or its header lies`;
    refuse({ code: "not-safetensors", message });
  }
  const { __metadata__: metadata = {}, ...fields } = parseJson(read(8, length), refuse);
  const tensors = Object.entries(fields).map(([name, value]) => parseTensor(name, value, types, dataOffset, refuse));
  checkPlaces(tensors, dataOffset, size, refuse);
  return { metadata: parseMetadata(metadata, refuse), tensors };
};
