/** Position of the largest value; the first of equals. */
export const indexOfLargest = (values: ArrayLike<number>): number => {
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if ((values[index] ?? 0) > (values[best] ?? 0)) best = index;
  }
  return best;
};

/**
 * The share of clips whose highest score is that of one of their own classes; the first of equal scores counts.
 * @param scores [clips, classes] in row-major order
 * @param targets [clips, classes]; a clip is of the classes above 0
 */
export const accuracy = (scores: Float32Array, targets: Float32Array, classes: number): number => {
  const clips = scores.length / classes;
  let correct = 0;
  for (let clip = 0; clip < clips; clip++) {
    const best = indexOfLargest(scores.subarray(clip * classes, (clip + 1) * classes));
    if ((targets[clip * classes + best] ?? 0) > 0) correct += 1;
  }
  return correct / clips;
};
