/** From which score on a clip counts as one of the classes', for a rate that is wanted. */
import type { Rejection } from "../../compiler/artifact/decisions.ts";
import { rankClips } from "./rank-clips.ts";
import { rocArea } from "./roc-area.ts";

/** How much clips are like those of the classes: of clips that are of one, and of others. */
export interface Likeness {
  readonly known: Float64Array;
  readonly background: Float64Array;
}

const shareOf = (values: Float64Array, isCounted: (value: number) => boolean): number =>
  values.filter(isCounted).length / values.length;

/** Takes no more than this share of background: halfway from the highest that is rejected to what is next above it. */
const thresholdByBackground = (rate: number, { known, background }: Likeness): number => {
  const falling = background.toSorted().toReversed();
  const rejected = falling[Math.floor(rate * falling.length)];
  if (rejected === undefined) return falling.at(-1) ?? 0;
  const above = [...known, ...background].filter((value) => value > rejected);
  return above.length === 0 ? rejected + 1e-6 * Math.max(1, Math.abs(rejected)) : (rejected + Math.min(...above)) / 2;
};

/** Rejects no more than this share of the classes' clips: halfway from the highest that is rejected to the lowest that is not. */
const thresholdByClasses = (rate: number, { known }: Likeness): number => {
  const rising = known.toSorted();
  const count = Math.floor(rate * rising.length);
  const taken = rising[count] ?? 0;
  const rejected = rising[count - 1];
  return rejected === undefined ? taken : (rejected + taken) / 2;
};

/** The false alarms and misses of a threshold, on clips that need not be those that it was set on. */
export const errorsAt = (
  threshold: number,
  { known, background }: Likeness,
): { readonly falseAlarms: number | null; readonly misses: number } => ({
  falseAlarms: background.length === 0 ? null : shareOf(background, (value) => value >= threshold),
  misses: shareOf(known, (value) => value < threshold),
});

/** @param rateOf what the rates are of: background that is taken for a class, or clips of the classes that are rejected */
export const setPoints = (
  rates: readonly number[],
  rateOf: Rejection["rateOf"],
  likeness: Likeness,
): Rejection["points"] =>
  rates.map((rate) => {
    const threshold = (rateOf === "background" ? thresholdByBackground : thresholdByClasses)(rate, likeness);
    return { rate, threshold, ...errorsAt(threshold, likeness) };
  });

/** The area under the ROC curve of the classes' clips against background; undefined where either is missing. */
export const separation = ({ known, background }: Likeness): number | undefined => {
  const scores = Float32Array.from([...known, ...background]);
  const targets = scores.map((_, at) => Number(at < known.length));
  const ranking = rankClips(scores, targets, 1, 0);
  return ranking && rocArea(ranking);
};
