import { describe, expect, test } from "vitest";
import type { Augmentation, Recipe } from "../../../compiler/artifact/metadata.ts";
import { partSize } from "../../../runtime/runs/part-size.ts";
import { type EpochPlanOptions, type PartPlan, planEpoch } from "../../../runtime/train/plan-epoch.ts";
import { metadata } from "../artifact/linear-artifact.ts";
import { clips } from "./linear-training.ts";

const augmentation: Augmentation = {
  mixup: { rate: 0.5, alpha: 0.5 },
  frequencyMask: 2,
  timeMask: 2,
  noise: true,
  roll: { from: -1, to: 1 },
};

const plan = (recipe: Partial<Recipe>, changes: Partial<EpochPlanOptions> = {}): PartPlan[] => [
  ...planEpoch({
    clips,
    recipe: { ...metadata.recipe, ...recipe },
    size: { frames: 4, bins: 4 },
    epoch: 1,
    done: { steps: 0, random: null },
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

describe("what is drawn", () => {
  test("differs by epoch and by seed, and is the same for the same", () => {
    const plans = [plan({ augmentation }), plan({ augmentation }, { epoch: 2 }), plan({ augmentation, seed: 9 })];
    expect(new Set(plans.map((parts) => JSON.stringify(parts))).size).toBe(3);
    expect(plan({ augmentation })).toStrictEqual(plans[0]);
  });

  test.each(["shuffled", "balanced"] as const)("%s: an epoch that goes on draws what it would have", (sampling) => {
    const recipe = { augmentation, sampling, batch: 2, accumulate: 2 };
    const whole = plan(recipe);
    whole.forEach(({ endsStep, step, random }, index) => {
      if (!endsStep) return;
      expect(plan(recipe, { done: { steps: step + 1, random } })).toStrictEqual(whole.slice(index + 1));
    });
  });

  test("does not depend on how many parts a step has", () => {
    const rows = (accumulate: number) => plan({ augmentation, batch: 4, accumulate }).flatMap(({ rows }) => rows);
    expect(rows(4)).toStrictEqual(rows(1));
  });

  test("a mixture's partner is a training clip", () => {
    const rows = plan({ augmentation }).flatMap(({ rows }) => rows);
    const mixed = rows.filter(({ draws }) => draws.mixup !== null);
    expect(mixed.length).toBeGreaterThan(0);
    expect(mixed.length).toBeLessThan(rows.length);
    for (const { partner, draws } of rows) expect(partner).toBe(draws.mixup ? clips[draws.mixup.partner] : undefined);
  });
});
