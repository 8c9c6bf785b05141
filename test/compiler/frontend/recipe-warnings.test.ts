import { expect, test } from "vitest";
import { normalizeSpec } from "../../../compiler/frontend/normalize-spec.ts";
import { recipeWarnings } from "../../../compiler/frontend/recipe-warnings.ts";
import { adam, multiStep, type Training } from "../../../spec/dsl/index.ts";
import { tiny } from "../tiny-model.ts";

const warn = (training: Partial<Training>): readonly string[] =>
  recipeWarnings(
    normalizeSpec(
      tiny({ training: { optimizer: adam({ learningRate: 1e-3 }), batch: 2, epochs: 5, ...training } }),
      () => undefined,
      "spec.ts",
    ),
  );

test("what does nothing in the epochs that there are", () => {
  expect(
    warn({
      schedule: multiStep({ milestones: [5, 10], factor: 0.5 }),
      earlyStopping: { figure: "mAP", patience: 4 },
      average: { from: 5, to: 5 },
    }),
  ).toStrictEqual([
    "multiStep reaches no milestone: the first is after epoch 5, and training ends after 5 epochs",
    "earlyStopping ends nothing: it could after epoch 5 at the earliest, and training ends after 5 epochs",
    "average takes the last epoch alone, which is what training ends with",
  ]);
  expect(
    warn({
      schedule: multiStep({ milestones: [4, 10], factor: 0.5 }),
      earlyStopping: { figure: "mAP", patience: 3 },
      average: { from: 4, to: 5 },
    }),
  ).toStrictEqual([]);
});
