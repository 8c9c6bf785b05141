import { confusionMatrix } from "./confusion-matrix.ts";

/**
 * The share of clips whose highest score is that of their class. As in the reference (`utilities/stats.py`), the first of
 * equal scores counts, and the first of a clip's several classes; mAP is the figure for clips of several classes.
 * A clip without a class, or with a score that is not a number, counts as wrong.
 * @param scores [clips, classes] in row-major order
 * @param targets [clips, classes]; a clip is of the classes above 0
 */
export const accuracy = (scores: Float32Array, targets: Float32Array, classes: number): number => {
  const confusion = confusionMatrix(scores, targets, classes);
  let correct = 0;
  for (let cell = 0; cell < confusion.length; cell += classes + 1) correct += confusion[cell] ?? 0;
  return correct / (scores.length / classes);
};
