import type { Recipe } from "../../compiler/artifact/recipe.ts";
import { groupOf, isBackground } from "./background.ts";
import type { Clip } from "./dataset.ts";
import type { Random } from "./random.ts";

/** 1000 / (clips of the class + 0.01), summed over a clip's classes (the reference's `gen_weight_file.py`); background is weighed as a class. */
const weightsOf = (clips: readonly Clip[]): readonly number[] => {
  const counts = new Map<number, number>();
  const groupsOf = (clip: Clip): readonly number[] => (isBackground(clip) ? [groupOf(clip)] : clip.classIndices);
  for (const clip of clips) {
    for (const group of groupsOf(clip)) counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  const weigh = (group: number): number => 1000 / ((counts.get(group) ?? 0) + 0.01);
  return clips.map((clip) => groupsOf(clip).reduce((sum, group) => sum + weigh(group), 0));
};

/** The first position whose value is above `limit`, in rising values. */
const firstAbove = (values: Float64Array, limit: number): number => {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) > limit) high = middle;
    else low = middle + 1;
  }
  return low;
};

const drawByWeight = (weights: readonly number[], random: Random): number[] => {
  const cumulative = new Float64Array(weights.length);
  let total = 0;
  weights.forEach((weight, index) => {
    total += weight;
    cumulative[index] = total;
  });
  return weights.map(() => firstAbove(cumulative, random.uniform(0, total)));
};

/** The clips that an epoch visits, as indices in order: each once, or as many draws with replacement. */
export const epochOrder = (clips: readonly Clip[], sampling: Recipe["sampling"], random: Random): readonly number[] => {
  switch (sampling) {
    case "shuffled":
      return random.shuffle([...clips.keys()]);
    case "balanced":
      return drawByWeight(weightsOf(clips), random);
  }
};
