/** An index while clips are added to it: all of it in memory, and saved at once. */
import { existsSync } from "node:fs";
import { type IndexedClip, type IndexedGraph, readEmbeddings, readIndex, writeIndex } from "./index-file.ts";

export interface GrowingIndex {
  /** Whether it has the clip as it is. */
  readonly has: (clip: IndexedClip) => boolean;
  /** Adds a clip, or replaces what the index has of a clip of the path. @param embedding of length 1 */
  readonly put: (clip: IndexedClip, embedding: Float32Array) => void;
  readonly clips: () => number;
  /** @throws UserError where the file cannot be written */
  readonly save: () => Promise<void>;
}

/**
 * Opens an index to add clips, or begins one where there is no file.
 * @throws UserError where the file is no index, damaged, or of another graph
 */
export const openIndex = async (path: string, graph: IndexedGraph): Promise<GrowingIndex> => {
  const before = existsSync(path) ? await readIndex(path, graph) : undefined;
  const clips: IndexedClip[] = before ? Array.from({ length: before.count }, (_, row) => before.clip(row)) : [];
  let values = new Float32Array(clips.length * (before?.width ?? 0));
  if (before)
    for await (const block of readEmbeddings(path, before)) values.set(block.values, block.firstRow * before.width);
  let width = before?.width ?? 0;
  const rows = new Map(clips.map((clip, row) => [clip.path, row]));
  return {
    has: ({ path: clip, bytes, modified }) => {
      const known = clips[rows.get(clip) ?? -1];
      return known !== undefined && known.bytes === bytes && known.modified === modified;
    },
    put: (clip, embedding) => {
      const row = rows.get(clip.path) ?? clips.length;
      width = embedding.length;
      if ((row + 1) * width > values.length) {
        const larger = new Float32Array(Math.max(2 * values.length, 64 * width));
        larger.set(values);
        values = larger;
      }
      values.set(embedding, row * width);
      clips[row] = clip;
      rows.set(clip.path, row);
    },
    clips: () => clips.length,
    save: () => writeIndex(path, graph, clips, values.subarray(0, clips.length * width)),
  };
};
