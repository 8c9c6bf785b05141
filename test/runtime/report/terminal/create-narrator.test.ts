import { expect, test } from "vitest";
import { createNarrator } from "../../../../runtime/report/terminal/create-narrator.ts";
import type { TrainEvent } from "../../../../runtime/runs/run-events.ts";
import { temporaryFolder } from "../../audio/temporary-folder.ts";
import { recordOutput } from "../../record-output.ts";
import { optionsIn } from "../../train/linear-training.ts";

const done = { event: "done", graph: "graph.onnx", best: null, averaged: null, epochs: 4, steps: 8 } as const;

/** What is told of a training of 20 steps with early stopping and averaging. */
const told = (event: Partial<Extract<TrainEvent, { event: "done" }>>, patience = 3): readonly string[] => {
  const recipe = {
    epochs: 10,
    averaging: { from: 5, to: 9 },
    earlyStopping: { figure: "mAP", patience },
  } as const;
  const { texts, output } = recordOutput();
  createNarrator(optionsIn(temporaryFolder(), { recipe }), output).tell({ ...done, interrupted: false, ...event });
  return texts;
};

test("why a training ended early, and without an averaged graph", () => {
  const noAverage = "no averaged graph: training ended after epoch 4, before epoch 5, where averaging begins";
  expect(told({})).toStrictEqual(["ended early: no better mAP in the last 3 epochs", noAverage]);
  expect(told({}, 1)).toStrictEqual(["ended early: no better mAP in the last epoch", noAverage]);
});

test("nothing of one that came to its end or was interrupted", () => {
  expect(told({ epochs: 10, steps: 20, averaged: "averaged.onnx" })).toStrictEqual([]);
  expect(told({ interrupted: true })).toStrictEqual([]);
});

test("an evaluation's line says whose its losses are", () => {
  const { texts, output } = recordOutput();
  const figures = { clips: 4, loss: 0.25, accuracy: 0.75, mAP: null, AUC: 0.5, dPrime: 0 };
  createNarrator(optionsIn(temporaryFolder()), output).tell({
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
