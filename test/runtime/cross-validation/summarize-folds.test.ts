import { expect, test } from "vitest";
import { formatFolds } from "../../../runtime/report/terminal/format-folds.ts";
import { type FoldResult, spreadOf, summarizeFolds } from "../../../runtime/cross-validation/summarize-folds.ts";

const fold = (repeat: number, number: number, epochs: readonly number[], averaged: number | null): FoldResult => ({
  repeat,
  fold: number,
  epochs,
  averaged,
  seconds: 1083,
});

test("mean and sample deviation", () => {
  expect(spreadOf([1, 2, 3, 4])).toStrictEqual({ mean: 2.5, deviation: Math.sqrt(5 / 3) });
  expect(spreadOf([0.5])).toStrictEqual({ mean: 0.5, deviation: null });
});

const folds = [
  fold(1, 1, [0.5, 0.75, 0.5], 0.75),
  fold(1, 2, [0.25, 1, 0.75], 1),
  fold(2, 1, [0.5, 0.5, 0.75], 0.75),
  // Ended early: the best epoch is one that all have.
  fold(2, 2, [0.75, 0.75], 0.5),
];

test("last epochs, the best one of all, averaged parameters", () => {
  const summary = summarizeFolds("accuracy", folds);
  expect(summary.repeats.map(({ mean }) => mean)).toStrictEqual([0.625, 0.75]);
  expect(summary.last.mean).toBe((0.5 + 0.75 + 0.75 + 0.75) / 4);
  expect([summary.bestEpoch, summary.best.mean]).toStrictEqual([2, 0.75]);
  expect(summary.averaged?.mean).toBe(0.75);
  expect(summarizeFolds("mAP", [...folds, fold(3, 1, [0.5], null)]).averaged).toBeNull();
});

test("of losses the lowest is the best", () => {
  const summary = summarizeFolds("loss", folds);
  expect([summary.bestEpoch, summary.best.mean]).toStrictEqual([1, 0.5]);
  expect(formatFolds(summary)).toContain("repeat 1, fold 2  0.7500  0.2500    1.0000");
});

test("as people read it", () => {
  expect(formatFolds(summarizeFolds("accuracy", folds))).toBe(
    `accuracy            last    best  averaged        time
repeat 1, fold 1  0.5000  0.7500    0.7500  18 min 3 s
repeat 1, fold 2  0.7500  1.0000    1.0000  18 min 3 s
repeat 2, fold 1  0.7500  0.7500    0.7500  18 min 3 s
repeat 2, fold 2  0.7500  0.7500    0.5000  18 min 3 s

repeat 1: 0.6250 +- 0.1768
repeat 2: 0.7500 +- 0.0000
last epoch: 0.6875 +- 0.1250
epoch 2, the best on average: 0.7500 +- 0.2041
averaged parameters: 0.7500 +- 0.2041`,
  );
  const [single] = folds;
  expect(formatFolds(summarizeFolds("accuracy", single ? [{ ...single, averaged: null, seconds: null }] : []))).toBe(
    `accuracy            last    best  time
repeat 1, fold 1  0.5000  0.7500     -

last epoch: 0.5000
epoch 2, the best on average: 0.7500`,
  );
});
