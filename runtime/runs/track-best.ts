/** Which evaluation is the best so far. */
import type { Figure } from "../../compiler/artifact/recipe.ts";
import type { Summary } from "../metrics/figures.ts";

/** A figure's best value, the loss that came with it, and the epoch that had them. */
export interface Best {
  readonly value: number;
  readonly loss: number;
  readonly epoch: number;
}

/** The higher the better, for every figure. */
const merit = (figure: Figure, value: number): number => (figure === "loss" ? -value : value);

/** The best of an evaluation's figures, one at least. */
export const bestOf = (figure: Figure, values: readonly number[]): number =>
  figure === "loss" ? Math.min(...values) : Math.max(...values);

type IsBetter = (candidate: Best, best: Best, figure: Figure) => boolean;

const hasBetterFigure: IsBetter = (candidate, best, figure) =>
  merit(figure, candidate.value) > merit(figure, best.value);

/** On few clips many epochs have the same accuracy; the lower loss tells which model is surer of it. */
const isBetter: IsBetter = (candidate, best, figure) =>
  hasBetterFigure(candidate, best, figure) || (candidate.value === best.value && candidate.loss < best.loss);

const track =
  (replaces: IsBetter) =>
  (best: Best | null, figure: Figure, summary: Pick<Summary, Figure>, epoch: number): Best | null => {
    const value = summary[figure];
    if (value === null) return best;
    const candidate = { value, loss: summary.loss, epoch };
    return best === null || replaces(candidate, best, figure) ? candidate : best;
  };

/** The better of the best so far and this epoch's evaluation, of equals that of lower loss; of figures that are not defined, the earlier. */
export const trackBest = track(isBetter);

/** The same, but of equals the earlier, whatever its loss. */
export const trackImprovement = track(hasBetterFigure);
