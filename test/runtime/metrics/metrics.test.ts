/** Every figure against scikit-learn and the reference's stats.py. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { accuracy } from "../../../runtime/metrics/accuracy.ts";
import { averagePrecision } from "../../../runtime/metrics/average-precision.ts";
import { bestThreshold } from "../../../runtime/metrics/best-threshold.ts";
import { confusionMatrix } from "../../../runtime/metrics/confusion-matrix.ts";
import { dPrime } from "../../../runtime/metrics/d-prime.ts";
import { precisionRecallCurve } from "../../../runtime/metrics/precision-recall-curve.ts";
import { type Ranking, rankClips } from "../../../runtime/metrics/rank-clips.ts";
import { rocArea } from "../../../runtime/metrics/roc-area.ts";
import { summarize } from "../../../runtime/metrics/summarize.ts";
import { committedGoldens, readGoldenJson } from "../../golden-data/golden.ts";
import { readNpy } from "../../golden-data/npy.ts";

interface EdgeCase {
  readonly AP: number;
  readonly AUC: number | string;
}

interface Expected {
  readonly n: number;
  readonly classes: number;
  readonly AP: readonly number[];
  readonly AUC: readonly number[];
  readonly mAP: number;
  readonly mAUC: number;
  readonly d_prime_of_mAUC: number;
  readonly d_prime_per_class: readonly number[];
  readonly acc_argmax: number;
  readonly positives: readonly number[];
  readonly middle_precision: readonly number[];
  readonly middle_recall: readonly number[];
  readonly distinct_scores: readonly number[];
  readonly d_prime_table: readonly (readonly [number, number | "inf" | "-inf"])[];
  readonly single: { readonly accuracy: number; readonly rows_with_argmax_ties: number };
  readonly edge: Readonly<Record<"no_positive" | "all_positive" | "constant_score", EdgeCase>>;
}

interface ExpectedAnalysis {
  readonly best: readonly {
    readonly threshold: number;
    readonly f1: number;
    readonly precision: number;
    readonly recall: number;
    readonly confusion: readonly (readonly number[])[];
  }[];
  readonly drop_intermediate: readonly (readonly number[])[];
  readonly single_confusion: readonly (readonly number[])[];
}

const expected = readGoldenJson(committedGoldens, "metrics", "expected.json") as Expected;
const analysis = readGoldenJson(committedGoldens, "metrics", "analysis.json") as ExpectedAnalysis;
const read = (name: string): number[] => Array.from(readNpy(join(committedGoldens, "metrics", name)).data, Number);
const [scores, targets] = [Float32Array.from(read("scores.npy")), Float32Array.from(read("targets.npy"))];
const [singleScores, singleTargets] = [
  Float32Array.from(read("single_scores.npy")),
  Float32Array.from(read("single_targets.npy")),
];
const { n: clips, classes } = expected;
const labels = Array.from({ length: classes }, (_, index) => String(index));
const summary = summarize({ logits: scores, scores, targets }, { objective: "multi-label", classes: labels });

const mustRank = (...[scores, targets, classes, index]: Parameters<typeof rankClips>): Ranking => {
  const ranking = rankClips(scores, targets, classes, index);
  if (!ranking) throw new Error(`class ${index} has a score that is not finite`);
  return ranking;
};

/** Equal to the ninth decimal. */
const close = (values: readonly number[]): unknown[] => values.map((value): unknown => expect.closeTo(value, 9));

describe.each(labels.map(Number))("class %i, many scores equal", (index) => {
  const ranking = mustRank(scores, targets, classes, index);
  const curve = precisionRecallCurve(ranking);

  test("clips, areas and d'", () => {
    expect(summary.perClass[index]).toStrictEqual({
      label: String(index),
      clips: expected.positives[index],
      averagePrecision: expect.closeTo(expected.AP[index] ?? Number.NaN, 9),
      rocArea: expect.closeTo(expected.AUC[index] ?? Number.NaN, 9),
      dPrime: expect.closeTo(expected.d_prime_per_class[index] ?? Number.NaN, 9),
    });
  });

  test("precision-recall curve", () => {
    const lengths = expected.distinct_scores.slice(0, index);
    const start = lengths.reduce((sum, length) => sum + length, 0);
    const length = expected.distinct_scores[index] ?? 0;
    // Each class before has one precision and recall more than thresholds, and so has this one.
    const points = [start + index, start + index + length + 1] as const;
    expect([...(curve?.precisions ?? [])]).toStrictEqual(close(read("curve_precisions64.npy").slice(...points)));
    expect([...(curve?.recalls ?? [])]).toStrictEqual(close(read("curve_recalls64.npy").slice(...points)));
    expect([...(curve?.thresholds ?? [])]).toStrictEqual(
      close(read("curve_thresholds.npy").slice(start, start + length)),
    );
  });

  test("precision and recall as the reference logs them", () => {
    expect(curve?.precisions[0]).toBe(expected.middle_precision[index]);
    expect(curve?.recalls[0]).toBe(expected.middle_recall[index]);
  });

  test("precision-recall curve without intermediate thresholds", () => {
    const kept = analysis.drop_intermediate[index] ?? [];
    const dropped = precisionRecallCurve(ranking, { dropIntermediate: true });
    const at = (values: ArrayLike<number> | undefined): number[] =>
      kept.map((position) => values?.[position] ?? Number.NaN);
    expect([...(dropped?.thresholds ?? [])]).toStrictEqual(close(at(curve?.thresholds)));
    expect([...(dropped?.precisions ?? [])]).toStrictEqual(close([...at(curve?.precisions), 1]));
    expect([...(dropped?.recalls ?? [])]).toStrictEqual(close([...at(curve?.recalls), 0]));
  });

  test("threshold of the highest F1", () => {
    const { confusion = [], threshold, f1, precision, recall } = analysis.best[index] ?? {};
    expect(bestThreshold(ranking)).toStrictEqual({
      threshold,
      f1: expect.closeTo(f1 ?? Number.NaN, 12),
      precision: expect.closeTo(precision ?? Number.NaN, 12),
      recall: expect.closeTo(recall ?? Number.NaN, 12),
      trueNegatives: confusion[0]?.[0],
      falsePositives: confusion[0]?.[1],
      falseNegatives: confusion[1]?.[0],
      truePositives: confusion[1]?.[1],
    });
  });
});

test("figures over all classes", () => {
  expect(summary).toMatchObject({
    clips,
    accuracy: expected.acc_argmax,
    mAP: expect.closeTo(expected.mAP, 9),
    AUC: expect.closeTo(expected.mAUC, 9),
    dPrime: expect.closeTo(expected.d_prime_of_mAUC, 9),
  });
});

test("accuracy and confusions, the first of equal scores counting", () => {
  const rows = Array.from({ length: clips }, (_, clip) => singleScores.slice(clip * classes, (clip + 1) * classes));
  const tied = rows.filter((row) => row.filter((score) => score === Math.max(...row)).length > 1);
  expect(tied).toHaveLength(expected.single.rows_with_argmax_ties);
  expect(accuracy(singleScores, singleTargets, classes)).toBe(expected.single.accuracy);
  expect([...confusionMatrix(singleScores, singleTargets, classes)]).toStrictEqual(analysis.single_confusion.flat());
});

test("one score for all clips", () => {
  const first = targets.filter((_, at) => at % classes === 0);
  const ranking = mustRank(new Float32Array(clips).fill(0.5), first, 1, 0);
  expect(averagePrecision(ranking)).toBeCloseTo(expected.edge.constant_score.AP, 9);
  expect(rocArea(ranking)).toBe(expected.edge.constant_score.AUC);
});

test("every clip is of the class: as scikit-learn, which has no ROC area either", () => {
  const ranking = mustRank(Float32Array.of(0.1, 0.2), Float32Array.of(1, 1), 1, 0);
  expect(averagePrecision(ranking)).toBe(expected.edge.all_positive.AP);
  expect(expected.edge.all_positive.AUC).toContain("ROC AUC score is not defined");
  expect(rocArea(ranking)).toBeUndefined();
});

test("no clip is of the class: no figure, where scikit-learn's average precision is 0", () => {
  const ranking = mustRank(Float32Array.of(0.1, 0.2), Float32Array.of(0, 0), 1, 0);
  expect(expected.edge.no_positive.AP).toBe(-0);
  expect(averagePrecision(ranking)).toBeUndefined();
  expect(expected.edge.no_positive.AUC).toContain("ROC AUC score is not defined");
  expect(rocArea(ranking)).toBeUndefined();
  expect(precisionRecallCurve(ranking)).toBeUndefined();
  expect(bestThreshold(ranking)).toBeUndefined();
});

test.each(expected.d_prime_table)("d' of %f", (area, distance) => {
  const wanted = typeof distance === "number" ? distance : distance === "inf" ? Infinity : -Infinity;
  expect(dPrime(area)).toBeCloseTo(wanted, 9);
});
