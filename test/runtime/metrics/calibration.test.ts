/** References: PyTorch 2.13's losses minimised by LBFGS in float64, and NumPy, on the same generated input. */
import { describe, expect, test } from "vitest";
import { calibrateLogits } from "../../../runtime/metrics/calibrate-logits.ts";
import { calibrationError, reliability } from "../../../runtime/metrics/calibration-error.ts";
import { fitPlatt } from "../../../runtime/metrics/fit-platt.ts";
import { fitTemperature } from "../../../runtime/metrics/fit-temperature.ts";
import { rejectionScores } from "../../../runtime/metrics/rejection-scores.ts";
import { errorsAt, separation, setPoints } from "../../../runtime/metrics/set-points.ts";

const [clips, classes] = [60, ["a", "b", "c", "d"]];
const single = { objective: "single-label", classes } as const;
const multi = { objective: "multi-label", classes } as const;

const cells = (value: (clip: number, index: number) => number): Float32Array =>
  Float32Array.from({ length: clips * 4 }, (_, at) => value(Math.floor(at / 4), at % 4));
const isOf = (clip: number, index: number): boolean => clip % 4 === index;
const targets = cells((clip, index) => Number(isOf(clip, index)));
const logits = cells(
  (clip, index) => 3 * Math.sin(1.7 * clip + 2.3 * index) + 2 * Number(isOf(clip, index) && clip % 3 !== 0),
);
const identity = { scales: [1, 1, 1, 1], offsets: [0, 0, 0, 0] };

describe("temperature", () => {
  test.each([
    [single, 4.396176939893159],
    [multi, 7.470583620485428],
  ] as const)("%o", (task, temperature) => {
    expect(fitTemperature({ logits, targets }, task)).toBeCloseTo(temperature, 6);
  });

  test.each([
    ["where all clips are right", 1, 0.05],
    ["where all are wrong", -1, 20],
  ])("%s it is kept within bounds", (_, sign, bound) => {
    expect(fitTemperature({ logits: targets.map((target) => sign * target), targets }, single)).toBeCloseTo(bound, 12);
  });

  test("one that is beside a bound", () => {
    const scaled = logits.map((x) => x * 4);
    expect(fitTemperature({ logits: scaled, targets }, single)).toBeCloseTo(4 * 4.396176939893159, 5);
  });
});

describe("Platt", () => {
  test.each([
    [0, 0.30844153035860594, -1.312712543509045],
    [1, 0.11838069486465261, -1.1521289559641061],
    [2, 0.36110404313450944, -1.363589401409423],
    [3, 0.2357216416630458, -1.2444537796548647],
  ])("class %i", (index, scale, offset) => {
    const own = Array.from({ length: clips }, (_, clip) => logits[clip * 4 + index] ?? 0);
    const fit = fitPlatt(
      own,
      own.map((__, clip) => isOf(clip, index)),
    );
    expect(fit.scale).toBeCloseTo(scale, 7);
    expect(fit.offset).toBeCloseTo(offset, 7);
  });

  test("a class that can be told without error has a finite scale", () => {
    const own = [-2, -1.5, -1, 1, 1.5, 2, 3];
    const { scale, offset } = fitPlatt(
      own,
      own.map((x) => x > 0),
    );
    expect(scale).toBeCloseTo(0.82821681, 7);
    expect(offset).toBeCloseTo(0.00925024, 7);
  });
});

describe("expected calibration error", () => {
  test.each([
    [single, 0.3859139030178388],
    [multi, 0.33562293226520223],
  ] as const)("%o", (task, error) => {
    const { scores } = calibrateLogits(logits, identity, task.objective);
    expect(calibrationError(reliability({ logits, scores, targets }, task))).toBeCloseTo(error, 6);
  });

  test("a score of 1 is in the last part, and parts without scores count nothing", () => {
    const scores = Float32Array.of(1, 0, 0.5, 0.5);
    const bins = reliability(
      { logits: scores, scores, targets: Float32Array.of(1, 0, 0, 1) },
      { ...multi, classes: ["a"] },
    );
    expect(bins.map(({ count }) => count)).toStrictEqual([1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1]);
    expect(bins[7]).toStrictEqual({ count: 2, score: 0.5, share: 0.5 });
    expect(calibrationError(bins)).toBe(0);
  });
});

test("calibrated logits are scaled and moved, and scores follow from them", () => {
  const given = Float32Array.of(2, -2, 0, 1);
  const map = { scales: [0.5, 2], offsets: [0, 1] };
  const sigmoid = (x: number) => Math.fround(1 / (1 + Math.exp(-x)));
  expect(calibrateLogits(given, map, "multi-label")).toStrictEqual({
    logits: Float32Array.of(1, -3, 0, 3),
    scores: Float32Array.of(sigmoid(1), sigmoid(-3), 0.5, sigmoid(3)),
  });
  expect(calibrateLogits(given, map, "single-label").scores).toStrictEqual(
    Float32Array.of(sigmoid(4), sigmoid(-4), sigmoid(-3), sigmoid(3)),
  );
  const large = calibrateLogits(Float32Array.of(1000, -1000), map, "single-label");
  expect(large.scores).toStrictEqual(Float32Array.of(1, 0));
});

describe("rejection", () => {
  test.each([
    ["energy", single, [2.7780582810190695, 3.416354557150425, 4.973321448737292]],
    ["energy", multi, [4.97892867724285, 6.6184804301057705, 5.627185818559969]],
  ] as const)("%s, %o", (kind, task, expected) => {
    const found = rejectionScores(kind, { logits, scores: logits }, task);
    for (const [row, value] of expected.entries()) expect(found[row]).toBeCloseTo(value, 10);
  });

  test("the highest score", () => {
    const scores = Float32Array.of(0.25, 0.75, 0.5, 0.125);
    expect(
      rejectionScores("highest-score", { logits: scores, scores }, { ...multi, classes: ["a", "b"] }),
    ).toStrictEqual(Float64Array.of(0.75, 0.5));
  });

  const known = Float64Array.from({ length: 20 }, (_, index) => index + 1);
  const background = Float64Array.from({ length: 10 }, (_, index) => index - 4.5);

  test("set by background: no more than the rate of it is taken for a class", () => {
    expect(setPoints([0.05, 0.1, 0.3], "background", { known, background })).toStrictEqual([
      { rate: 0.05, threshold: 4.75, falseAlarms: 0, misses: 0.2 },
      { rate: 0.1, threshold: 3.75, falseAlarms: 0.1, misses: 0.15 },
      { rate: 0.3, threshold: 1.75, falseAlarms: 0.3, misses: 0.05 },
    ]);
    const above = setPoints([0.05], "background", { known: Float64Array.of(1), background: Float64Array.of(2, 2) })[0];
    expect(above).toMatchObject({ falseAlarms: 0, misses: 1 });
    const equal = { known, background: Float64Array.of(3, 3, 3, 0) };
    expect(setPoints([0.5], "background", equal)).toStrictEqual([
      { rate: 0.5, threshold: 3.5, falseAlarms: 0, misses: 0.15 },
    ]);
  });

  test("set by the classes' clips: no more than the rate of them is rejected", () => {
    const none = new Float64Array();
    expect(setPoints([0.01, 0.1], "classes", { known, background: none })).toStrictEqual([
      { rate: 0.01, threshold: 1, falseAlarms: null, misses: 0 },
      { rate: 0.1, threshold: 2.5, falseAlarms: null, misses: 0.1 },
    ]);
    expect(setPoints([0.5], "classes", { known: Float64Array.of(1, 1, 1, 2), background: none })[0]?.misses).toBe(0);
  });

  test("errors on other clips, and the area under the ROC curve", () => {
    expect(errorsAt(3, { known, background })).toStrictEqual({ falseAlarms: 0.2, misses: 0.1 });
    expect(separation({ known: Float64Array.of(1, 3), background: Float64Array.of(1, 0) })).toBe(0.875);
    expect(separation({ known, background: new Float64Array() })).toBeUndefined();
  });
});
