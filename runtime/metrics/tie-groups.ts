/** Clips of equal score, highest score first: the common ground of average precision and ROC area. */

export interface TieGroup {
  readonly positives: number;
  readonly negatives: number;
}

/**
 * @param scores one per clip
 * @param targets one per clip; positive above 0
 */
export const tieGroups = (scores: ArrayLike<number>, targets: ArrayLike<number>): TieGroup[] => {
  const at = (index: number): number => scores[index] ?? 0;
  const order = Uint32Array.from(scores, (_, index) => index).sort((a, b) => at(b) - at(a));
  const groups: { positives: number; negatives: number }[] = [];
  let previous = Number.NaN;
  for (const index of order) {
    const score = at(index);
    if (score !== previous) groups.push({ positives: 0, negatives: 0 });
    previous = score;
    const group = groups.at(-1);
    if (!group) continue;
    if ((targets[index] ?? 0) > 0) group.positives += 1;
    else group.negatives += 1;
  }
  return groups;
};
