import { expect, test } from "vitest";
import { analyse } from "../../../runtime/metrics/analyse.ts";

const scores = Float32Array.of(0.75, 0.5, Number.NaN, 0.5, 0.25, 0.5, 0.25, 0.5, 0.5);
const targets = Float32Array.of(1, 0, 0, 0, 0, 1, 1, 0, 0);
const predictions = { logits: scores, scores, targets };
const classes = ["siren", "never", "broken"];

test("classes that have no curve", () => {
  const { perClass } = analyse(predictions, { objective: "multi-label", classes });
  expect(perClass.slice(1)).toStrictEqual([
    { label: "never", curve: null, best: null },
    { label: "broken", curve: null, best: null },
  ]);
  expect(perClass[0]).toMatchObject({
    curve: {
      thresholds: Float32Array.of(0.25, 0.5, 0.75),
      precisions: Float64Array.of(2 / 3, 0.5, 1, 1),
      recalls: Float64Array.of(1, 0.5, 0.5, 0),
    },
    best: { threshold: 0.25, f1: 0.8 },
  });
});

test("only classes that exclude each other have one confusion matrix", () => {
  expect(analyse(predictions, { objective: "multi-label", classes }).confusion).toBeNull();
  expect(analyse(predictions, { objective: "single-label", classes }).confusion).toStrictEqual(
    Uint32Array.of(0, 1, 0, 0, 0, 0, 1, 0, 0),
  );
});

test("a curve keeps the corners of its steps", () => {
  const clips = 1000;
  const falling = Float32Array.from({ length: clips }, (_, clip) => 1 - clip / clips);
  const third = Float32Array.from({ length: clips }, (_, clip) => Number(clip === 300));
  const { perClass } = analyse(
    { logits: falling, scores: falling, targets: third },
    { objective: "multi-label", classes: ["rare"] },
  );
  expect(perClass[0]?.curve?.recalls).toStrictEqual(Float64Array.of(1, 1, 0, 0, 0));
});
