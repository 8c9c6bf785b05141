import type { Clip } from "./dataset.ts";
import { fileOf } from "./merge-clips.ts";

/**
 * How many of the clips to evaluate on are files that are trained on too, for people: what they are answered tells little
 * about new clips. Undefined where there are none.
 */
export const describeShared = (train: readonly Clip[], evaluation: readonly Clip[]): string | undefined => {
  const trained = new Set(train.map(fileOf));
  const shared = evaluation.filter((clip) => "path" in clip.source && trained.has(fileOf(clip)));
  const [first] = shared;
  if (!first) return undefined;
  return `${shared.length} of the ${evaluation.length} clips to evaluate on are also trained on, among them ${first.name}`;
};
