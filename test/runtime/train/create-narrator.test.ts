import { expect, test } from "vitest";
import { createNarrator } from "../../../runtime/train/create-narrator.ts";
import type { TrainEvent } from "../../../runtime/train/train-event.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { recordOutput } from "../record-output.ts";
import { optionsIn } from "./linear-training.ts";

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
