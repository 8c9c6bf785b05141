import { expect, test } from "vitest";
import type { EndEvent } from "../../../runtime/runs/training-events.ts";
import { explainEnd } from "../../../runtime/train/explain-end.ts";
import { metadata } from "../artifact/linear-artifact.ts";

const end = { event: "done", graph: "graph.onnx", best: null, averaged: null, epochs: 4, steps: 8 } as const;

/** What is told of a training of 20 steps with early stopping and averaging. */
const told = (changes: Partial<EndEvent>, patience = 3): readonly string[] => {
  const averaging = { from: 5, to: 9 };
  const recipe = { ...metadata.recipe, epochs: 10, averaging, earlyStopping: { figure: "mAP", patience } } as const;
  return explainEnd(recipe, 20, { ...end, interrupted: false, ...changes });
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
