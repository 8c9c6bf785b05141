import { expect, test } from "vitest";
import { describeRecipe, describeTensor } from "../../../../runtime/report/terminal/describe-graph.ts";
import { metadata } from "../../artifact/linear-artifact.ts";

test("a plain recipe", () => {
  expect(describeRecipe(metadata.recipe)).toBe("learning rate 0.5, 2 clips a step, 2 epochs, seed 0");
});

test("one that says everything", () => {
  const recipe = describeRecipe({
    ...metadata.recipe,
    schedule: { kind: "multiStep", milestones: [2, 3], factor: 0.5, warmup: { kind: "reference", steps: 1000 } },
    accumulate: 2,
    sampling: "balanced",
    augmentation: ["mixup of 0.5", "noise"],
    averaging: { from: 1, to: 2 },
    earlyStopping: { figure: "mAP", patience: 5 },
    precision: "mixed-float16",
  });
  expect(recipe).toBe(
    "learning rate 0.5, times 0.5 after epochs 2, 3, reference warm-up of 1000 steps, 2 clips a step in 2 parts, 2 epochs, seed 0, balanced sampling, " +
      "mixup of 0.5, noise, mean of epochs 1 to 2, ends after 5 epochs without better mAP, mixed precision",
  );
  const schedule = { kind: "cosine", to: 0.1, warmup: { kind: "linear", steps: 50 } } as const;
  expect(describeRecipe({ ...metadata.recipe, schedule })).toBe(
    "learning rate 0.5, a cosine to 0.1 of it, linear warm-up of 50 steps, 2 clips a step, 2 epochs, seed 0",
  );
});

test("a tensor's mean and deviation", async () => {
  const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 6).buffer);
  const tensor = { name: "w", type: "float32", dims: [2, 2], storage: { kind: "inline", bytes } } as const;
  expect(await describeTensor(tensor)).toStrictEqual({
    name: "w",
    shape: [2, 2],
    dtype: "float32",
    count: 4,
    mean: 3,
    std: Math.sqrt(3.5),
  });
});
