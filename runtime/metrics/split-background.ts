import type { Predictions } from "./predictions.ts";

/** The answers to some of the clips. */
export const rowsWhere = (
  { logits, scores, targets }: Predictions,
  classes: number,
  isWanted: (row: number) => boolean,
): Predictions => {
  const pick = (values: Float32Array): Float32Array => values.filter((_, at) => isWanted(Math.floor(at / classes)));
  return { logits: pick(logits), scores: pick(scores), targets: pick(targets) };
};

/** The answers to clips that are of a class, and those to background clips, which are of none. */
export const splitBackground = (
  predictions: Predictions,
  classes: number,
): { readonly known: Predictions; readonly background: Predictions } => {
  const { targets } = predictions;
  const isKnown = Array.from({ length: targets.length / classes }, (_, row) =>
    targets.subarray(row * classes, (row + 1) * classes).some((target) => target > 0),
  );
  if (isKnown.every(Boolean)) return { known: predictions, background: rowsWhere(predictions, classes, () => false) };
  return {
    known: rowsWhere(predictions, classes, (row) => isKnown[row] === true),
    background: rowsWhere(predictions, classes, (row) => isKnown[row] === false),
  };
};

/** What stands for one clip's score in the question whether any class is heard in it: its highest. */
export const highestScores = (scores: Float32Array, classes: number): Float64Array =>
  Float64Array.from({ length: scores.length / classes }, (_, row) =>
    scores.subarray(row * classes, (row + 1) * classes).reduce((most, score) => Math.max(most, score), -Infinity),
  );
