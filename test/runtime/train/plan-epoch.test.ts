import { describe, expect, test } from "vitest";
import type { Recipe } from "../../../compiler/artifact/recipe.ts";
import { partSize } from "../../../runtime/data/batches.ts";
import { type EpochPlanOptions, type PartPlan, planEpoch } from "../../../runtime/train/plan-epoch.ts";
import { metadata } from "../artifact/linear-artifact.ts";
import { clips } from "./linear-training.ts";

const plan = (recipe: Partial<Recipe>, changes: Partial<EpochPlanOptions> = {}): PartPlan[] => [
  ...planEpoch({
    clips,
    recipe: { ...metadata.recipe, ...recipe },
    epoch: 1,
    done: 0,
    steps: Infinity,
    ...changes,
  }),
];
const outline = (parts: readonly PartPlan[]) =>
  parts.map(({ rows, endsStep, step }) => `${step}: ${rows.length}${endsStep ? "." : ""}`);
const clipsOf = (parts: readonly PartPlan[]) => parts.flatMap(({ rows }) => rows.map(({ clip }) => clip.name));

describe("parts", () => {
  test.each<[number, number, string[]]>([
    [4, 1, ["0: 4.", "1: 2."]],
    [4, 2, ["0: 2", "0: 2.", "1: 2."]],
    [5, 2, ["0: 3", "0: 2.", "1: 1."]],
    [6, 4, ["0: 2", "0: 2", "0: 2."]],
    [2, 3, ["0: 1", "0: 1.", "1: 1", "1: 1.", "2: 1", "2: 1."]],
    [100, 1, ["0: 6."]],
  ])("of steps of %d clips in %d parts", (batch, accumulate, expected) => {
    const parts = plan({ batch, accumulate });
    expect(outline(parts)).toStrictEqual(expected);
    expect(clipsOf(parts).sort()).toStrictEqual(clips.map(({ name }) => name));
  });

  test("are no larger than needed", () => {
    expect(partSize({ batch: 48, accumulate: 4 })).toBe(12);
    expect(partSize({ batch: 10, accumulate: 4 })).toBe(3);
  });

  test("end with the training's last step", () => {
    expect(outline(plan({ batch: 2 }, { steps: 2 }))).toStrictEqual(["0: 2.", "1: 2."]);
  });
});

describe("the order", () => {
  test("differs by epoch and by seed, and is the same for the same", () => {
    const plans = [plan({}), plan({}, { epoch: 2 }), plan({ seed: 9 })];
    expect(new Set(plans.map((parts) => JSON.stringify(parts))).size).toBe(3);
    expect(plan({})).toStrictEqual(plans[0]);
  });

  test.each(["shuffled", "balanced"] as const)("%s: an epoch that goes on computes what it would have", (sampling) => {
    const recipe = { sampling, batch: 2, accumulate: 2 };
    const whole = plan(recipe);
    for (const done of [0, 1, 2, 3])
      expect(plan(recipe, { done })).toStrictEqual(whole.filter(({ step }) => step >= done));
  });

  test("each clip has its place in it, in however many parts", () => {
    const rows = (accumulate: number) => plan({ batch: 4, accumulate }).flatMap(({ rows }) => rows);
    expect(rows(1).map(({ place }) => place)).toStrictEqual([0, 1, 2, 3, 4, 5]);
    expect(rows(4)).toStrictEqual(rows(1));
  });
});
