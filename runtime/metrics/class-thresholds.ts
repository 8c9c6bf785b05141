import type { Thresholds } from "../../compiler/artifact/decisions.ts";
import { bestThreshold } from "./best-threshold.ts";
import type { Predictions } from "./predictions.ts";
import { countsOf, type Ranking, rankClips } from "./rank-clips.ts";

/** So many clips of a class, and as many others, decide its threshold; with fewer it says little of new ones. */
export const fewestClips = 5;

/** What stands for the threshold of a class with too few clips. */
export const commonThreshold = 0.5;

/** Halfway from the last clip that is taken to the first that is not: both are as far from being decided otherwise. */
const halfwayBelow = ({ thresholds }: Ranking, threshold: number): number => {
  const next = thresholds[thresholds.indexOf(threshold) + 1];
  return next === undefined ? threshold : (threshold + next) / 2;
};

/**
 * Of each class the threshold of the highest F1; one half where too few clips, or scores that are no numbers, tell.
 * @param classes how many there are
 */
export const classThresholds = ({ scores, targets }: Predictions, classes: number): Thresholds["perClass"] =>
  Array.from({ length: classes }, (_, index) => {
    const ranking = rankClips(scores, targets, classes, index);
    const best = ranking && bestThreshold(ranking);
    if (!ranking || !best) return { score: commonThreshold, f1: null };
    const { positives, negatives } = countsOf(ranking);
    if (positives < fewestClips || negatives < fewestClips) return { score: commonThreshold, f1: null };
    return { score: halfwayBelow(ranking, best.threshold), f1: best.f1 };
  });
