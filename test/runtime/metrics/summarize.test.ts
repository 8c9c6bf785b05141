import { expect, test } from "vitest";
import { summarize } from "../../../runtime/metrics/summarize.ts";

const undefinedFigures = { averagePrecision: null, rocArea: null, dPrime: null };

test("means leave out classes without clips", () => {
  const answers = Float32Array.of(0.9, 0.1, 0.2, 0.1);
  const summary = summarize(
    { logits: answers, scores: answers, targets: Float32Array.of(1, 0, 0, 0) },
    { objective: "multi-label", classes: ["heard", "never"] },
  );
  expect(summary).toMatchObject({ mAP: 1, AUC: 1, dPrime: null, accuracy: 1 });
  expect(summary.perClass).toStrictEqual([
    { label: "heard", clips: 1, averagePrecision: 1, rocArea: 1, dPrime: null },
    { label: "never", clips: 0, ...undefinedFigures },
  ]);
});

test.each([Number.NaN, Infinity, -Infinity])("a class with a score of %f has no figures", (score) => {
  const scores = Float32Array.of(score, 0.9, 0.7, 0.2, 0.4, 0.3);
  const summary = summarize(
    { logits: scores, scores, targets: Float32Array.of(1, 0, 1, 0, 0, 1) },
    { objective: "multi-label", classes: ["broken", "sound"] },
  );
  expect(summary).toMatchObject({ mAP: 0.5, AUC: 0.5, dPrime: 0 });
  expect(summary.perClass).toStrictEqual([
    { label: "broken", clips: 2, ...undefinedFigures },
    { label: "sound", clips: 1, averagePrecision: 0.5, rocArea: 0.5, dPrime: 0 },
  ]);
});

test("no class has figures: neither have the means", () => {
  const scores = Float32Array.of(Number.NaN, 0.2);
  const summary = summarize(
    { logits: scores, scores, targets: Float32Array.of(1, 1) },
    { objective: "multi-label", classes: ["broken"] },
  );
  expect(summary).toMatchObject({ mAP: null, AUC: null, dPrime: null, accuracy: 0.5 });
});

test("loss and accuracy are of the classes' clips, ranks of all", () => {
  const scores = Float32Array.of(0.6, 0.4, 0.2, 0.8, 0.9, 0.1, 0.3, 0.3, 0.1, 0.5);
  const targets = Float32Array.of(1, 0, 0, 1, 0, 0, 0, 0, 0, 0);
  const metadata = { objective: "single-label", classes: ["a", "b"] } as const;
  const { loss, accuracy } = summarize(
    { logits: scores.subarray(0, 4), scores: scores.subarray(0, 4), targets: targets.subarray(0, 4) },
    metadata,
  );
  expect(summarize({ logits: scores, scores, targets }, metadata)).toMatchObject({
    clips: 2,
    loss,
    accuracy,
    mAP: 0.75, // 0.9 of the background is above the 0.6 of a
    background: { clips: 3, falseAlarms: 2 / 3 },
  });
});
