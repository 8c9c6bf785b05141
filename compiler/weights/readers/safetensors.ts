/** Reads Hugging Face's `.safetensors`: an 8-byte header length, a JSON header, then the tensors' bytes without a gap. */
import type { ByteSource } from "./byte-source.ts";
import { type Checkpoint, type TensorEntry, tensorEntry } from "./checkpoint.ts";
import { type Refuse, refuseAt } from "./checkpoint-error.ts";
import { byteLength, dtypeNames, dtypes } from "./dtype.ts";
import { nameProblem } from "./name-problem.ts";

/** Room for 150,000 tensors; the format allows 100 MB, which hostile JSON unfolds to 2 GB in memory. */
const longestHeader = 2 ** 24;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const parseJson = (bytes: Buffer, refuse: Refuse): Record<string, unknown> => {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("its header is not UTF-8");
  }
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    return refuse("its header is not JSON");
  }
  if (!isRecord(header)) return refuse("its header is not a JSON object");
  const twice = repeatedKey(text);
  if (twice !== undefined) refuse(`its header names ${twice} twice`);
  return header;
};

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

interface Place {
  readonly entry: TensorEntry;
  readonly begin: number;
  readonly end: number;
}

const parseTensor = (
  name: string,
  value: unknown,
  read: (begin: number, end: number) => Uint8Array,
  refuse: Refuse,
): Place => {
  const problem = nameProblem(name);
  if (problem !== undefined) return refuse(`a tensor is refused: ${problem}`);
  const { dtype: code, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  if (typeof code !== "string" || !Array.isArray(shape) || !Array.isArray(offsets) || offsets.length !== 2) {
    return refuse(`tensor "${name}" needs a dtype, a shape and two data_offsets`);
  }
  const dtype = dtypeNames.find((candidate) => dtypes[candidate].safetensors === code);
  if (dtype === undefined) {
    const known = dtypeNames.map((candidate) => dtypes[candidate].safetensors).join(" ");
    return refuse(`tensor "${name}" has dtype "${code}"; expected one of ${known}`);
  }
  const bytes = byteLength(dtype, shape);
  if (bytes === undefined) return refuse(`tensor "${name}" has an impossible shape [${shape.join(", ")}]`);
  const [begin, end]: unknown[] = offsets;
  if (!isOffset(begin) || !isOffset(end) || begin > end) {
    return refuse(`tensor "${name}" has impossible data_offsets [${offsets.join(", ")}]`);
  }
  if (end - begin !== bytes) {
    return refuse(
      `tensor "${name}" is ${code} [${shape.join(", ")}], ${bytes} bytes, but its data_offsets span ${end - begin}`,
    );
  }
  return { entry: tensorEntry(name, dtype, shape as number[], () => read(begin, end)), begin, end };
};

const isOffset = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** Tensors must fill the data without overlap, gap or rest. */
const checkPlaces = (places: readonly Place[], dataBytes: number, refuse: Refuse): void => {
  let filled = 0;
  for (const { entry, begin, end } of [...places].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (end > dataBytes) {
      refuse(
        `tensor "${entry.name}" ends at byte ${end} of the data, which has ${dataBytes}; the file is truncated or its header lies`,
      );
    }
    if (begin < filled)
      refuse(`tensor "${entry.name}" overlaps the one before it (from byte ${begin} to ${filled} of the data)`);
    if (begin > filled)
      refuse(`no tensor covers bytes ${filled} to ${begin} of the data, before tensor "${entry.name}"`);
    filled = end;
  }
  if (filled < dataBytes) refuse(`no tensor covers bytes ${filled} to ${dataBytes} of the data, after the last tensor`);
};

const parseMetadata = (value: unknown, refuse: Refuse): ReadonlyMap<string, string> => {
  const metadata = new Map<string, string>();
  if (!isRecord(value)) return refuse("its __metadata__ is not an object of strings");
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") return refuse(`its __metadata__ "${key}" is not a string`);
    metadata.set(key, text);
  }
  return metadata;
};

/** @throws CheckpointError for a header that is broken or does not account for every byte of the file. */
export const readSafetensors = (source: ByteSource): Checkpoint => {
  const refuse = refuseAt(source.path);
  const headerBytes = source.read(0, 8).readBigUInt64LE(0);
  if (headerBytes > longestHeader) {
    refuse(`its safetensors header claims ${headerBytes} bytes; expected at most ${longestHeader}`);
  }
  const dataOffset = 8 + Number(headerBytes);
  if (dataOffset > source.size) {
    refuse(
      `its safetensors header claims ${headerBytes} bytes, but the file has ${source.size}; it is truncated or its header lies`,
    );
  }
  const { __metadata__: metadata = {}, ...tensors } = parseJson(source.read(8, Number(headerBytes)), refuse);
  const read = (begin: number, end: number): Uint8Array => source.read(dataOffset + begin, end - begin);
  const places = Object.entries(tensors).map(([name, value]) => parseTensor(name, value, read, refuse));
  checkPlaces(places, source.size - dataOffset, refuse);
  return {
    format: "safetensors",
    tensors: new Map(places.map(({ entry }) => [entry.name, entry])),
    objects: new Map(),
    metadata: parseMetadata(metadata, refuse),
  };
};
