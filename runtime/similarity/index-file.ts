/**
 * An index of clips: a `.safetensors` with `embeddings` float32 [clips, width], each of length 1, and `clips`, a line of JSON for each of
 * them in UTF-8, four bytes to an int32. In its metadata: which graph made it, and a checksum.
 */
import { existsSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { crc32 } from "node:zlib";
import * as v from "valibot";
import { readTensor, type StoredTensor } from "../artifact/stored-tensor.ts";
import { writeFailure } from "../files/write-failure.ts";
import { readSafetensors } from "../safetensors/read-safetensors.ts";
import { writeSafetensors } from "../safetensors/write-safetensors.ts";
import { UserError } from "../user-error.ts";

/** A clip as it was when its embedding was made. */
export interface IndexedClip {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  /** When the file was changed last, in milliseconds since 1970. */
  readonly modified: number;
}

/** The graph that an index is of. */
export interface IndexedGraph {
  /** `graphIdentity` */
  readonly identity: string;
  /** The spec's. */
  readonly name: string;
}

export interface ClipIndex {
  /** Clips in it. */
  readonly count: number;
  /** @throws UserError where the index is damaged */
  readonly clip: (row: number) => IndexedClip;
  readonly width: number;
  readonly embeddings: StoredTensor;
  /** Of `embeddings`, as the file tells it; who reads them proves it. */
  readonly checksum: number;
}

const format = "specgraph index 1";

const clipSchema = v.object({ path: v.string(), bytes: v.number(), modified: v.number() });
const metadataSchema = v.object({
  format: v.literal(format),
  graph: v.string(),
  model: v.string(),
  crc32: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
});

const hex = (checksum: number): string => checksum.toString(16).padStart(8, "0");

const encodeClips = (path: string, clips: readonly IndexedClip[]): Int32Array => {
  const folder = dirname(resolve(path));
  const lines = clips.map(({ path: clip, ...rest }) =>
    JSON.stringify({ path: relative(folder, clip).split(sep).join("/"), ...rest }),
  );
  const text = Buffer.from(lines.join("\n"));
  const padded = new Uint8Array(Math.ceil(text.length / 4) * 4).fill(0x0a);
  padded.set(text);
  return new Int32Array(padded.buffer);
};

const damaged = (path: string, what: string): UserError =>
  new UserError("file-damaged", { path }, `the index is damaged: ${what}; delete it and add the clips anew`);

const newline = 0x0a;

/** The clips of a list, each decoded when it is asked for: as text they take a tenth of the memory. */
const openClips = (path: string, bytes: Uint8Array<ArrayBuffer>): Pick<ClipIndex, "count" | "clip"> => {
  const folder = dirname(resolve(path));
  const text = Buffer.from(bytes.buffer);
  const starts: number[] = [];
  for (let start = 0, end = 0; start < text.length; start = end + 1) {
    end = text.indexOf(newline, start);
    if (end === -1) end = text.length;
    if (end > start) starts.push(start);
  }
  return {
    count: starts.length,
    clip: (row) => {
      try {
        const clip = v.parse(clipSchema, JSON.parse(text.toString("utf8", starts[row], starts[row + 1])));
        return { ...clip, path: resolve(folder, clip.path) };
      } catch {
        throw damaged(path, "its list of clips cannot be read");
      }
    },
  };
};

/**
 * Writes an index, which appears whole or not at all.
 * @param embeddings [clips, width], each row of length 1
 * @throws UserError where the file cannot be written
 */
export const writeIndex = async (
  path: string,
  { identity, name }: IndexedGraph,
  clips: readonly IndexedClip[],
  embeddings: Float32Array,
): Promise<void> => {
  const listed = encodeClips(path, clips);
  const width = clips.length === 0 ? 0 : embeddings.length / clips.length;
  const sums = [listed, embeddings].map(({ buffer, byteOffset, byteLength }) =>
    hex(crc32(new Uint8Array(buffer, byteOffset, byteLength))),
  );
  const tensors = [
    { name: "clips", type: "int32", shape: [listed.length], read: () => listed },
    { name: "embeddings", shape: [clips.length, width], read: () => embeddings },
  ] as const;
  try {
    await writeSafetensors(path, tensors, { format, graph: identity, model: name, crc32: sums.join("") });
  } catch (error) {
    throw writeFailure(path, error);
  }
};

/**
 * Reads an index without its embeddings.
 * @throws UserError where it is missing, none, damaged, or of another graph
 */
export const readIndex = async (path: string, { identity, name }: IndexedGraph): Promise<ClipIndex> => {
  if (!existsSync(path)) throw new UserError("file-missing", { path, isIndex: true }, "there is no such index");
  const { metadata, tensors } = readSafetensors(path);
  const told = v.safeParse(metadataSchema, Object.fromEntries(metadata));
  const [listed, embeddings] = ["clips", "embeddings"].map((wanted) => tensors.find((each) => each.name === wanted));
  if (!told.success || listed?.type !== "int32" || embeddings?.type !== "float32" || embeddings.dims.length !== 2)
    throw new UserError("not-an-index", { path }, "this is no index of clips");
  if (told.output.graph !== identity) {
    const other = told.output.model === name ? "the same spec with other weights" : told.output.model;
    throw new UserError(
      "index-foreign",
      { path, model: told.output.model },
      `was made by another graph, ${other}, and vectors of two graphs cannot be compared; make one with this graph, under another name`,
    );
  }
  const bytes = new Uint8Array((await readTensor(listed)).buffer);
  const [clipsSum, checksum] = [told.output.crc32.slice(0, 8), told.output.crc32.slice(8)];
  if (hex(crc32(bytes)) !== clipsSum) throw damaged(path, "its list of clips is not what was written");
  const clips = openClips(path, bytes);
  const [rows, width = 0] = embeddings.dims;
  if (rows !== clips.count) throw damaged(path, `it has ${rows} embeddings of ${clips.count} clips`);
  return { ...clips, width, embeddings, checksum: Number.parseInt(checksum, 16) };
};

/** Rows at once: 8 MiB of them. */
const blockBytes = 2 ** 23;

/**
 * The embeddings in blocks of rows, so that memory does not grow with the index: each takes the place of the one before it.
 * @throws UserError after the last where they are not those that were written
 */
export async function* readEmbeddings(
  path: string,
  { embeddings, width, count, checksum }: ClipIndex,
): AsyncGenerator<{ readonly firstRow: number; readonly values: Float32Array }, void, undefined> {
  const { storage } = embeddings;
  if (storage.kind !== "external") throw new Error("an index's embeddings are in its file");
  const rowsAtOnce = Math.max(1, Math.floor(blockBytes / (4 * Math.max(1, width))));
  const block = new Float32Array(width * Math.min(rowsAtOnce, count));
  let sum = 0;
  for (let firstRow = 0; firstRow < count; firstRow += rowsAtOnce) {
    const values = block.subarray(0, width * Math.min(rowsAtOnce, count - firstRow));
    const bytes = new Uint8Array(values.buffer, 0, values.byteLength);
    await storage.file.read(bytes, storage.offset + 4 * width * firstRow);
    sum = crc32(bytes, sum);
    yield { firstRow, values };
  }
  if (sum !== checksum) throw damaged(path, "its embeddings are not those that were written");
}
