/** A class, and how sure the model is that it is heard. */
export interface Score {
  readonly label: string;
  readonly index: number;
  readonly score: number;
}

/**
 * The classes by falling score; those of equal scores by index.
 * @param top how many; 0: all
 */
export const rankClasses = (scores: Float32Array, classes: readonly string[], top: number): readonly Score[] =>
  classes
    .map((label, index): Score => ({ label, index, score: scores[index] ?? 0 }))
    .sort((a, b) => b.score - a.score)
    .slice(0, top === 0 ? classes.length : top);
