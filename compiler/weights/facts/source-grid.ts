/** How a checkpoint's patches were laid out: from what it is, never from the spec that it is imported into. */
import { type Grid, patchesAlong } from "../../ir/flow.ts";

/** The official code's spectrograms. */
const bins = 128;
/** Of its square patches of 16, which overlap by 6, 4, 2 or 0 (the paper's table 5); the same along both axes. */
const strides = [10, 12, 14, 16] as const;
/** Frames of its recipes: AudioSet, ESC-50, Speech Commands. */
const lengths = [1024, 512, 128] as const;

const publishedGrids: readonly Grid[] = lengths.flatMap((frames) =>
  strides.map((stride) => ({ rows: patchesAlong(bins, 16, stride), columns: patchesAlong(frames, 16, stride) })),
);

/** Every grid that such a spectrogram could have. */
const possibleGrids = (patches: number, patch: Grid): readonly Grid[] => {
  if (patch.rows === bins) return [{ rows: 1, columns: patches }];
  if (patch.rows !== 16 || patch.columns !== 16) return [];
  return strides
    .map((stride) => patchesAlong(bins, 16, stride))
    .filter((rows) => patches % rows === 0)
    .map((rows) => ({ rows, columns: patches / rows }));
};

/**
 * Where no file tells the grid of a spectrogram's patches.
 * @param patch size of a patch in bins and frames
 * @returns all grids that the official code could have made so many patches with; of several the one of its recipes is first, and
 * `isPublished` (no two recipes have as many patches)
 */
export const guessGrids = (
  patches: number,
  patch: Grid,
): { readonly isPublished: boolean; readonly grids: readonly Grid[] } => {
  const grids = possibleGrids(patches, patch);
  const isPublished = ({ rows, columns }: Grid): boolean =>
    publishedGrids.some((grid) => grid.rows === rows && grid.columns === columns);
  const published = grids.filter(isPublished);
  return { isPublished: published.length > 0, grids: [...published, ...grids.filter((grid) => !isPublished(grid))] };
};
