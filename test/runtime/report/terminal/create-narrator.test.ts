import { expect, test } from "vitest";
import { createNarrator } from "../../../../runtime/report/terminal/create-narrator.ts";
import { recordOutput } from "../../record-output.ts";

test("an evaluation's line says whose its losses are", () => {
  const { texts, output } = recordOutput();
  const figures = { clips: 4, loss: 0.25, accuracy: 0.75, mAP: null, AUC: 0.5, dPrime: 0 };
  createNarrator({ steps: 10, stepsDone: 0, epochs: 2, batch: 4 }, output).tell({
    event: "eval",
    epoch: 2,
    step: 8,
    trainLoss: 0.5,
    best: true,
    ...figures,
  });
  expect(texts).toStrictEqual([
    "epoch 2  training loss 0.5000  evaluation loss 0.2500  accuracy 0.7500  mAP -  AUC 0.5000  d' 0.0000  best",
  ]);
});

const pace = { event: "pace", step: 3, secondsPerStep: 0.0234, secondsWaiting: 0, secondsLeft: 83 } as const;

test("the pace is told once, and again after each evaluation where no bar shows it", () => {
  const { texts, output } = recordOutput();
  const { tell } = createNarrator({ steps: 10, stepsDone: 0, epochs: 2, batch: 4 }, output);
  tell(pace);
  tell({ ...pace, step: 5, secondsPerStep: 75.04, secondsWaiting: 7.5, secondsLeft: 4000 });
  expect(texts).toStrictEqual([
    "23 ms a step, about 1 min 23 s to the end",
    "1 min 15 s a step, 10 % of them waiting for clips, about 1 h 6 min to the end",
  ]);
});
