import type { Clip } from "./dataset.ts";

/**
 * The targets of clips, row by row: [clips, classes], 1 for every class heard in the clip and 0 elsewhere.
 * @param clips undefined: one without classes
 * @param classes how many classes the graph has
 */
export const targetsOf = (
  clips: readonly (Pick<Clip, "classIndices"> | undefined)[],
  classes: number,
): Float32Array<ArrayBuffer> => {
  const targets = new Float32Array(clips.length * classes);
  clips.forEach((clip, row) => {
    for (const index of clip?.classIndices ?? []) targets[row * classes + index] = 1;
  });
  return targets;
};
