import { indexOfLargest } from "./index-of-largest.ts";

/** A clip's class, and the class taken for it; undefined where the clip has none, or a score is not a number. */
type Verdict = readonly [actual: number, predicted: number] | undefined;

const verdict = (scores: Float32Array, targets: Float32Array): Verdict => {
  const [actual, predicted] = [indexOfLargest(targets), indexOfLargest(scores)];
  if (actual === undefined || predicted === undefined || !((targets[actual] ?? 0) > 0)) return undefined;
  return [actual, predicted];
};

/**
 * How often the clips of one class score highest in another (scikit-learn's `confusion_matrix`). Of equal scores, and of
 * a clip's several classes, the first counts; clips without a class, or with a score that is not a number, are left out.
 * @param scores [clips, classes] in row-major order
 * @param targets [clips, classes]; a clip is of the classes above 0
 * @returns [actual class, predicted class], clips
 */
export const confusionMatrix = (scores: Float32Array, targets: Float32Array, classes: number): Uint32Array => {
  const counts = new Uint32Array(classes * classes);
  for (let start = 0; start < scores.length; start += classes) {
    const found = verdict(scores.subarray(start, start + classes), targets.subarray(start, start + classes));
    if (!found) continue;
    const cell = found[0] * classes + found[1];
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  return counts;
};
