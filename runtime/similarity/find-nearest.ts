import { type ClipIndex, type IndexedClip, readEmbeddings } from "./index-file.ts";

/** A clip of the index, and the cosine of the angle between its embedding and the one asked about. */
export interface Neighbour {
  readonly clip: IndexedClip;
  readonly similarity: number;
}

/** The same vector with length 1; one of zeros stays. */
export const toUnit = (vector: Float32Array): Float32Array => {
  const norm = Math.hypot(...vector);
  return norm === 0 ? vector : vector.map((value) => value / norm);
};

/** The highest of what is offered, falling; those that are equal in the order of their coming. */
const createBest = (count: number) => {
  const best: { readonly row: number; readonly similarity: number }[] = [];
  return {
    best,
    offer: (row: number, similarity: number): void => {
      if (best.length === count && similarity <= (best.at(-1)?.similarity ?? Infinity)) return;
      const place = best.findIndex((each) => similarity > each.similarity);
      best.splice(place === -1 ? best.length : place, 0, { row, similarity });
      if (best.length > count) best.pop();
    },
  };
};

/**
 * The nearest clips to each query, by an exact search: every embedding is compared, in one pass over the file.
 * @param queries of the index's width and of length 1
 * @param excludes of each query, the path of a clip that is not to be found: itself
 * @throws UserError where the index is damaged
 */
export const findNearest = async (
  path: string,
  index: ClipIndex,
  queries: readonly { readonly embedding: Float32Array; readonly excludes: string }[],
  count: number,
): Promise<readonly (readonly Neighbour[])[]> => {
  const { width } = index;
  // One more, as one of them may be excluded.
  const searches = queries.map((query) => ({ ...query, ...createBest(count + 1) }));
  for await (const { firstRow, values } of readEmbeddings(path, index)) {
    for (const { embedding, offer } of searches) {
      for (let start = 0, row = firstRow; start < values.length; start += width, row++) {
        let similarity = 0;
        for (let at = 0; at < width; at++) similarity += (embedding[at] ?? 0) * (values[start + at] ?? 0);
        offer(row, similarity);
      }
    }
  }
  return searches.map(({ excludes, best }) =>
    best
      .map(({ row, similarity }) => ({ clip: index.clip(row), similarity }))
      .filter(({ clip }) => clip.path !== excludes)
      .slice(0, count),
  );
};
