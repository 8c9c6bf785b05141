/** Which evaluation is the best so far. */
import type { Figure } from "../../compiler/artifact.ts";
import type { Summary } from "../metrics/summarize.ts";

/** A figure's best value, and the epoch that had it. */
export interface Best {
  readonly value: number;
  readonly epoch: number;
}

/** The higher the better, for every figure. */
const merit = (figure: Figure, value: number): number => (figure === "loss" ? -value : value);

/** The best of an evaluation's figures, one at least. */
export const bestOf = (figure: Figure, values: readonly number[]): number =>
  figure === "loss" ? Math.min(...values) : Math.max(...values);

/** The better of the best so far and this epoch's evaluation; of equals, and of figures that are not defined, the earlier. */
export const trackBest = (
  best: Best | null,
  figure: Figure,
  summary: Pick<Summary, Figure>,
  epoch: number,
): Best | null => {
  const value = summary[figure];
  if (value === null) return best;
  return best === null || merit(figure, value) > merit(figure, best.value) ? { value, epoch } : best;
};
