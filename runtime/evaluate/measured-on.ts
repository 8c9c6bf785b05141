import type { MeasuredOn } from "../../compiler/artifact/decisions.ts";
import type { Predictions } from "../metrics/predictions.ts";
import { splitBackground } from "../metrics/split-background.ts";

/** Of a path. */
const lastPart = (path: string): string => path.split(/[\\/]/).findLast((part) => part !== "") ?? "";

/**
 * What a graph is to say of clips that something of it was measured on.
 * @param data their data set's name; of a path the end, as graphs go where paths are nobody's business
 * @param classes how many the graph has
 */
export const measuredOn = (predictions: Predictions, data: string, classes: number): MeasuredOn => {
  const { known, background } = splitBackground(predictions, classes);
  return {
    data: lastPart(data),
    clips: known.scores.length / classes,
    background: background.scores.length / classes,
  };
};
