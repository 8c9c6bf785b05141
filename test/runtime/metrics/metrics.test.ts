import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { accuracy } from "../../../runtime/metrics/accuracy.ts";
import { averagePrecision } from "../../../runtime/metrics/average-precision.ts";
import { dPrime } from "../../../runtime/metrics/d-prime.ts";
import { rocArea } from "../../../runtime/metrics/roc-area.ts";
import { summarize } from "../../../runtime/metrics/summarize.ts";
import { committedGoldens, readGoldenJson } from "../../golden-data/golden.ts";
import { readNpy } from "../../golden-data/npy.ts";

interface Expected {
  readonly classes: number;
  readonly AP: readonly number[];
  readonly AUC: readonly number[];
  readonly mAP: number;
  readonly mAUC: number;
  readonly d_prime_of_mAUC: number;
  readonly d_prime_table: readonly (readonly [number, number | string])[];
  readonly single: { readonly accuracy: number };
  readonly edge: { readonly constant_score: { readonly AP: number; readonly AUC: number } };
}

const expected = readGoldenJson(committedGoldens, "metrics", "expected.json") as Expected;
const read = (name: string): Float32Array =>
  Float32Array.from(readNpy(join(committedGoldens, "metrics", name)).data, Number);
const [scores, targets] = [read("scores.npy"), read("targets.npy")];
const labels = Array.from({ length: expected.classes }, (_, index) => String(index));
const column = (values: Float32Array, index: number): Float32Array =>
  values.filter((_, position) => position % expected.classes === index);

describe("against scikit-learn, many scores equal", () => {
  test.each(labels.map(Number))("average precision and ROC area of class %i", (index) => {
    const own = [column(scores, index), column(targets, index)] as const;
    expect(averagePrecision(...own)).toBeCloseTo(expected.AP[index] ?? Number.NaN, 9);
    expect(rocArea(...own)).toBeCloseTo(expected.AUC[index] ?? Number.NaN, 9);
  });

  test("means over classes", () => {
    const summary = summarize({ logits: scores, scores, targets }, { objective: "multi-label", classes: labels });
    expect(summary.mAP).toBeCloseTo(expected.mAP, 9);
    expect(summary.AUC).toBeCloseTo(expected.mAUC, 9);
    expect(summary.dPrime).toBeCloseTo(expected.d_prime_of_mAUC, 9);
    expect(summary.clips).toBe(200);
  });

  test("accuracy, the first of equal scores counting", () => {
    const single = [read("single_scores.npy"), read("single_targets.npy")] as const;
    expect(accuracy(...single, expected.classes)).toBe(expected.single.accuracy);
  });

  test("one score for all clips", () => {
    const constant = new Float32Array(200).fill(0.5);
    expect(averagePrecision(constant, column(targets, 0))).toBeCloseTo(expected.edge.constant_score.AP, 9);
    expect(rocArea(constant, column(targets, 0))).toBe(expected.edge.constant_score.AUC);
  });

  test.each(expected.d_prime_table)("d' of %f", (area, distance) => {
    const wanted = typeof distance === "number" ? distance : distance === "inf" ? Infinity : -Infinity;
    expect(dPrime(area)).toBeCloseTo(wanted, 9);
  });
});

describe("classes that the clips do not define", () => {
  test("no positive clip: neither figure", () => {
    expect(averagePrecision([0.1, 0.2], [0, 0])).toBeUndefined();
    expect(rocArea([0.1, 0.2], [0, 0])).toBeUndefined();
  });

  test("no negative clip: an average precision of 1 and no ROC area", () => {
    expect(averagePrecision([0.1, 0.2], [1, 1])).toBe(1);
    expect(rocArea([0.1, 0.2], [1, 1])).toBeUndefined();
  });

  test("means leave them out", () => {
    const answers = Float32Array.of(0.9, 0.1, 0.2, 0.1);
    const summary = summarize(
      { logits: answers, scores: answers, targets: Float32Array.of(1, 0, 0, 0) },
      { objective: "multi-label", classes: ["heard", "never"] },
    );
    expect(summary).toMatchObject({ mAP: 1, AUC: 1, dPrime: null, accuracy: 0.5 });
    expect(summary.perClass).toStrictEqual([
      { label: "heard", clips: 1, averagePrecision: 1, rocArea: 1 },
      { label: "never", clips: 0, averagePrecision: null, rocArea: null },
    ]);
  });
});
