/** The recipes say what the reference's scripts say: numbers, loss, and the learning rate of every step. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Recipe } from "../../compiler/artifact/recipe.ts";
import { normalizeSpec } from "../../compiler/frontend/normalize-spec.ts";
import type { NormalizedSpec } from "../../compiler/ir/normalized-spec.ts";
import { readSpec } from "../../compiler/frontend/read-spec.ts";
import { learningRateAt } from "../../runtime/train/learning-rate-at.ts";
import { statistics } from "../../spec/ast.ts";

interface Sequence {
  readonly recipe: {
    readonly lr: number;
    readonly epochs: number;
    readonly batch: number;
    readonly warmup: boolean;
    readonly decay: number;
    readonly loss: "BCE" | "CE";
    readonly wa: readonly [from: number, to: number] | null;
    readonly stats: string;
    readonly target_length: number;
    readonly freqm: number;
    readonly timem: number;
    readonly mixup: number;
    readonly noise: boolean;
    readonly steps_per_epoch: number;
  };
  readonly total_steps: number;
  readonly rle_from_step_lr: readonly (readonly [step: number, rate: number])[];
}

const { sequences } = JSON.parse(
  readFileSync(new URL("../../golden/training/lr-sequences.json", import.meta.url), "utf8"),
) as { readonly sequences: Readonly<Record<string, Sequence>> };

const normalizations: Readonly<Record<string, { readonly mean: number; readonly std: number }>> = {
  audioset: statistics.audioSet,
  esc50: statistics.esc50,
  speechcommands: statistics.speechCommands,
};

/** What the scripts say outside of their learning rates. */
const cases = [
  ["audioset-balanced.ts", "audioset_balanced", { classes: 527, sampling: "shuffled", bestBy: "mAP" }],
  ["audioset-full.ts", "audioset_full", { classes: 527, sampling: "balanced", bestBy: "mAP" }],
  ["esc50.ts", "esc50_imagenet_init", { classes: 50, sampling: "shuffled", bestBy: "accuracy" }],
  ["esc50-audioset.ts", "esc50_audioset_init", { classes: 50, sampling: "shuffled", bestBy: "accuracy" }],
  ["speech-commands.ts", "speechcommands", { classes: 35, sampling: "shuffled", bestBy: "accuracy" }],
] as const;

const folder = fileURLToPath(new URL("../../spec/recipes", import.meta.url));

const read = (name: string): NormalizedSpec => {
  const path = join(folder, name);
  const { model, locate } = readSpec(path);
  return normalizeSpec(model, locate, path);
};

/** The rate of the first step, and of each that has another than the step before. */
const changesOfRate = (recipe: Recipe, stepsPerEpoch: number, totalSteps: number): readonly (readonly number[])[] => {
  const rates = Array.from({ length: totalSteps }, (_, step) =>
    learningRateAt(recipe, { step, stepsPerEpoch, totalSteps }),
  );
  return rates.flatMap((rate, step) => (rate === rates[step - 1] ? [] : [[step, rate]]));
};

test("every recipe is compared", () => {
  expect(readdirSync(folder).sort()).toStrictEqual(cases.map(([name]) => name).sort());
});

describe.each(cases)("%s", (name, sequence, { classes, sampling, bestBy }) => {
  const spec = read(name);
  const golden = sequences[sequence];
  if (golden === undefined) throw new Error(`no sequence ${sequence}`);
  const { recipe: script } = golden;

  test("the script's numbers", () => {
    const { mean, std } = normalizations[script.stats] ?? {};
    const { features } = spec;
    expect(spec).toMatchObject({
      name: name.replace(".ts", ""),
      objective: script.loss === "BCE" ? "multi-label" : "single-label",
      labelSmoothing: 0,
      features: { bins: 128, frames: script.target_length, mean },
      optimizer: { learningRate: script.lr, betas: [0.95, 0.999], eps: 1e-8, weightDecay: 5e-7, kind: "adam" },
      clipNorm: null,
      augmentation: [
        ...(script.mixup === 0 ? [] : [{ kind: "mixup", rate: script.mixup, alpha: 10 }]),
        { kind: "maskFrequency", bins: script.freqm },
        { kind: "maskTime", frames: script.timem },
        ...(script.noise ? [{ kind: "noise" }, { kind: "roll", from: -10, to: 9 }] : []),
      ],
      pretrained: {},
    });
    expect(0.5 / features.scale).toBeCloseTo(std ?? 0, 12);
    expect(Object.keys(spec.rates)).toStrictEqual([]);
    expect(spec.classes).toHaveLength(classes);
  });

  test("what the runtime is told", () => {
    const { schedule, ...recipe } = spec.recipe;
    expect(recipe).toStrictEqual({
      learningRate: script.lr,
      batch: script.batch,
      accumulate: 1,
      epochs: script.epochs,
      seed: 0,
      precision: "float32",
      stepsPerRun: null,
      sampling,
      augmentation: [
        ...(script.mixup === 0 ? [] : [`mixup of ${script.mixup}`]),
        `masks up to ${script.freqm} bins`,
        `masks up to ${script.timem} frames`,
        ...(script.noise ? ["noise", "roll of -10 to 9 frames"] : []),
      ],
      bestBy,
      averaging: script.wa && { from: script.wa[0], to: script.wa[1] },
      earlyStopping: null,
    });
    const warmup = script.warmup ? { kind: "reference", steps: 1000 } : null;
    expect(schedule).toMatchObject({ kind: "multiStep", factor: script.decay, warmup });
  });

  test("the learning rate of every step, to the last bit", () => {
    const found = changesOfRate(spec.recipe, script.steps_per_epoch, golden.total_steps);
    expect(found).toStrictEqual(golden.rle_from_step_lr);
  });
});

test("classes by the data sets' own indices", () => {
  const { classes: sounds } = read("esc50.ts");
  const firstOfGroup = [0, 10, 20, 30, 40].map((target) => sounds[target]);
  expect(firstOfGroup).toStrictEqual(["dog", "rain", "crying_baby", "door_wood_knock", "helicopter"]);
  const { classes: words } = read("speech-commands.ts");
  expect([0, 12, 24, 34].map((index) => words[index])).toStrictEqual(["backward", "seven", "off", "one"]);
});
