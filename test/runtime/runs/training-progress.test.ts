import { describe, expect, test } from "vitest";
import type { Recipe } from "../../../compiler/artifact/recipe.ts";
import type { Figures } from "../../../runtime/metrics/figures.ts";
import { trackBest, trackImprovement } from "../../../runtime/runs/track-best.ts";
import { afterEpoch, afterStep, beginning, type TrainingProgress } from "../../../runtime/runs/training-progress.ts";
import { metadata } from "../artifact/linear-artifact.ts";

const figures: Figures = { clips: 4, loss: 1, accuracy: 0.5, mAP: 0.5, AUC: 0.5, dPrime: 0 };

test("an epoch's mean loss is of the finite ones", () => {
  const losses = [1, Infinity, NaN, 4].reduce((progress, loss) => afterStep(progress, { loss, clips: 2 }), beginning);
  expect(losses).toMatchObject({ steps: 4, epochLoss: { sum: 10, clips: 4 } });
});

describe("the best evaluation", () => {
  test("is the highest accuracy or mAP, and the lowest loss", () => {
    const best = { value: 0.5, loss: 1, epoch: 1 };
    expect(trackBest(best, "mAP", { ...figures, mAP: 0.6 }, 2)).toStrictEqual({ value: 0.6, loss: 1, epoch: 2 });
    expect(trackBest(best, "accuracy", { ...figures, accuracy: 0.4 }, 2)).toBe(best);
    expect(trackBest(best, "loss", { ...figures, loss: 0.6 }, 2)).toBe(best);
    expect(trackBest(best, "loss", { ...figures, loss: 0.4 }, 2)).toStrictEqual({ value: 0.4, loss: 0.4, epoch: 2 });
  });

  test("is of equals the one of lower loss; but that is no improvement to early stopping", () => {
    const best = { value: 0.5, loss: 1, epoch: 1 };
    const surer = { ...figures, loss: 0.9 };
    expect(trackBest(best, "accuracy", surer, 2)).toStrictEqual({ value: 0.5, loss: 0.9, epoch: 2 });
    expect(trackImprovement(best, "accuracy", surer, 2)).toBe(best);
    expect(trackImprovement(best, "accuracy", { ...surer, accuracy: 0.6 }, 2)?.epoch).toBe(2);
  });

  test("stays the earlier one where the later is no better, or not defined", () => {
    const best = { value: 0.5, loss: 1, epoch: 1 };
    expect(trackBest(best, "accuracy", figures, 2)).toBe(best);
    expect(trackBest(best, "mAP", { ...figures, mAP: null }, 2)).toBe(best);
    expect(trackBest(null, "mAP", { ...figures, mAP: null }, 1)).toBeNull();
  });
});

describe("after an epoch", () => {
  const play = (recipe: Partial<Recipe>, losses: readonly number[], totalSteps = 100): TrainingProgress[] => {
    let progress = beginning;
    return losses.map((loss) => {
      progress = afterStep(progress, { loss, clips: 2 });
      return (progress = afterEpoch(progress, { ...figures, loss }, { ...metadata.recipe, ...recipe }, totalSteps));
    });
  };

  test("the next one begins anew", () => {
    expect(play({}, [3])).toStrictEqual([
      {
        epochs: 1,
        steps: 1,
        epochSteps: 0,
        epochLoss: { sum: 0, clips: 0 },
        best: { value: 0.5, loss: 3, epoch: 1 },
        watched: null,
        averaged: 0,
        finished: false,
      },
    ]);
  });

  test("the best is by the recipe's figure", () => {
    const first = { ...figures, mAP: 0.9, loss: 3 };
    const second = { ...figures, mAP: 0.1, loss: 2 };
    const bestEpoch = (bestBy: Recipe["bestBy"]): number | undefined => {
      const recipe = { ...metadata.recipe, bestBy };
      return afterEpoch(afterEpoch(beginning, first, recipe, 9), second, recipe, 9).best?.epoch;
    };
    expect([bestEpoch("mAP"), bestEpoch("accuracy"), bestEpoch("loss")]).toStrictEqual([1, 2, 2]);
  });

  test("training is finished after its steps", () => {
    expect(play({}, [3, 2, 1], 3).map(({ finished }) => finished)).toStrictEqual([false, false, true]);
  });

  test("or when the watched figure stalls", () => {
    const earlyStopping = { figure: "loss", patience: 2 } as const;
    const stalls = (losses: readonly number[]) => play({ earlyStopping }, losses).map(({ finished }) => finished);
    expect(stalls([3, 2, 2.5, 1, 1, 1])).toStrictEqual([false, false, false, false, false, true]);
    expect(play({ earlyStopping }, [3, 2, 2.5]).at(-1)?.watched).toStrictEqual({ value: 2, loss: 2, epoch: 2 });
  });

  test("epochs that are averaged are counted", () => {
    const averaging = { from: 2, to: 3 };
    expect(play({ averaging }, [1, 1, 1, 1]).map(({ averaged }) => averaged)).toStrictEqual([0, 1, 2, 2]);
  });
});
