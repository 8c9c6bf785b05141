import type { Clip } from "./dataset.ts";

const isOfSameClasses = (a: Clip, b: Clip): boolean =>
  a.classIndices.length === b.classIndices.length && a.classIndices.every((index, at) => index === b.classIndices[at]);

/**
 * The clip that is heard in the place of one that is left out, so that epochs keep their steps and draws: the next of the
 * same classes, round the end. Undefined where all of them are left out.
 */
export const standIn = (
  clips: readonly Clip[],
  missing: Clip,
  isLeftOut: (clip: Clip) => boolean,
): Clip | undefined => {
  const at = clips.indexOf(missing);
  for (let step = 1; step < clips.length; step++) {
    const clip = clips[(at + step) % clips.length];
    if (clip && !isLeftOut(clip) && isOfSameClasses(clip, missing)) return clip;
  }
  return undefined;
};
