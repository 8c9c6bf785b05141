import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Recipe, Schedule } from "../../../compiler/artifact/recipe.ts";
import { learningRateAt } from "../../../runtime/train/learning-rate-at.ts";
import { metadata } from "../artifact/linear-artifact.ts";

interface Sequence {
  readonly recipe: {
    readonly lr: number;
    readonly epochs: number;
    readonly warmup: boolean;
    readonly start: number;
    readonly step: number;
    readonly decay: number;
    readonly steps_per_epoch: number;
  };
  readonly total_steps: number;
  readonly rle_from_step_lr: readonly (readonly [number, number])[];
  readonly lr_after_each_epoch: readonly number[];
}

const { sequences } = JSON.parse(
  readFileSync(new URL("../../../golden/training/lr-sequences.json", import.meta.url), "utf8"),
) as { readonly sequences: Readonly<Record<string, Sequence>> };

const recipeOf = (learningRate: number, schedule: Schedule): Recipe => ({ ...metadata.recipe, learningRate, schedule });
const rates = (recipe: Recipe, stepsPerEpoch: number, totalSteps: number): number[] =>
  Array.from({ length: totalSteps }, (_, step) => learningRateAt(recipe, { step, stepsPerEpoch, totalSteps }));

describe("the reference's sequences, to the last bit", () => {
  test.each(Object.entries(sequences))("%s", (_, { recipe, total_steps: totalSteps, ...expected }) => {
    const stepsPerEpoch = recipe.steps_per_epoch;
    const milestones: number[] = [];
    for (let epochs = recipe.start; epochs <= recipe.epochs; epochs += recipe.step) milestones.push(epochs);
    const reference = recipeOf(recipe.lr, {
      kind: "multiStep",
      milestones,
      factor: recipe.decay,
      warmup: recipe.warmup ? { kind: "reference", steps: 1000 } : null,
    });
    const found = rates(reference, stepsPerEpoch, totalSteps);
    const changes: [number, number][] = [];
    for (const [step, rate] of found.entries()) {
      if (changes.at(-1)?.[1] !== rate) changes.push([step, rate]);
    }
    expect(changes).toStrictEqual(expected.rle_from_step_lr);
    // The reference tells the rate between an epoch's milestone and the next warm-up.
    const afterEpochs = Array.from({ length: recipe.epochs }, (_, index) => {
      const last = found[(index + 1) * stepsPerEpoch - 1] ?? 0;
      return milestones.includes(index + 1) ? last * recipe.decay : last;
    });
    expect(afterEpochs).toStrictEqual(expected.lr_after_each_epoch);
  });
});

describe("schedules", () => {
  test("constant", () => {
    expect(rates(recipeOf(0.1, { kind: "constant", warmup: null }), 2, 3)).toStrictEqual([0.1, 0.1, 0.1]);
  });

  test("a milestone counts finished epochs", () => {
    const schedule: Schedule = { kind: "multiStep", milestones: [1, 3], factor: 0.5, warmup: null };
    expect(rates(recipeOf(8, schedule), 2, 8)).toStrictEqual([8, 8, 4, 4, 4, 4, 2, 2]);
  });

  test("half a cosine", () => {
    const schedule: Schedule = { kind: "cosine", to: 0.1, warmup: null };
    const found = rates(recipeOf(1, schedule), 2, 4);
    [1, 0.1 + 0.9 * (0.5 + Math.SQRT1_2 / 2), 0.55, 0.1 + 0.9 * (0.5 - Math.SQRT1_2 / 2)].forEach((expected, step) =>
      expect(found[step]).toBeCloseTo(expected, 15),
    );
  });

  test("a linear warm-up, then the schedule", () => {
    const warmup = { kind: "linear", steps: 4 } as const;
    expect(rates(recipeOf(1, { kind: "constant", warmup }), 2, 6)).toStrictEqual([0, 0.25, 0.5, 0.75, 1, 1]);
    const steps: Schedule = { kind: "multiStep", milestones: [1], factor: 0.5, warmup };
    expect(rates(recipeOf(1, steps), 2, 6)).toStrictEqual([0, 0.25, 0.25, 0.375, 0.5, 0.5]);
    const cosine = rates(recipeOf(1, { kind: "cosine", to: 0, warmup }), 2, 8);
    expect(cosine.slice(0, 5)).toStrictEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(cosine[6]).toBeCloseTo(0.5, 15);
  });

  test("the reference's warm-up before a cosine", () => {
    const schedule: Schedule = { kind: "cosine", to: 0, warmup: { kind: "reference", steps: 100 } };
    const found = rates(recipeOf(1, schedule), 10, 300);
    expect([0, 49, 50, 99, 100].map((step) => found[step])).toStrictEqual([0, 0, 0.5, 0.5, 1]);
    expect(found[200]).toBeCloseTo(0.5, 15);
  });
});
