import type { Recipe } from "../../compiler/artifact/recipe.ts";
import type { EndEvent } from "../runs/training-events.ts";

/** Why a training ended sooner, or with less, than its recipe leads one to expect. */
export const explainEnd = (
  { earlyStopping, averaging }: Recipe,
  totalSteps: number,
  end: EndEvent,
): readonly string[] => {
  if (end.interrupted) return [];
  const isEarly = earlyStopping !== null && end.steps < totalSteps;
  const stalled = earlyStopping?.patience === 1 ? "epoch" : `${earlyStopping?.patience} epochs`;
  const lacksAverage = averaging !== null && end.averaged === null;
  return [
    ...(isEarly ? [`ended early: no better ${earlyStopping.figure} in the last ${stalled}`] : []),
    ...(lacksAverage
      ? [
          `no averaged graph: training ended after epoch ${end.epochs}, before epoch ${averaging.from}, where averaging begins`,
        ]
      : []),
  ];
};
