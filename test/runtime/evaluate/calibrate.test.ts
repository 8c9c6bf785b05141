import { describe, expect, test } from "vitest";
import { calibrate } from "../../../runtime/evaluate/calibrate.ts";
import { calibrateLogits } from "../../../runtime/metrics/calibrate-logits.ts";
import { fitTemperature } from "../../../runtime/metrics/fit-temperature.ts";
import { UserError } from "../../../runtime/user-error.ts";

const identity = { scales: [1, 1, 1], offsets: [0, 0, 0] };

/** Every fourth clip is taken for the next class, and scores are surer than that; background has lower logits. */
const answers = (
  objective: "single-label" | "multi-label",
  clips: number,
  background = 0,
  wrong = (clip: number) => clip % 4 === 3,
) => {
  const all = clips + background;
  const logits = new Float32Array(3 * all).fill(-3);
  const targets = new Float32Array(3 * all);
  for (let clip = 0; clip < all; clip++) {
    const own = clip % 3;
    if (clip < clips) targets[3 * clip + own] = 1;
    const heard = wrong(clip) ? (own + 1) % 3 : own;
    logits[3 * clip + heard] = clip < clips ? 3 + Math.sin(clip) : Math.sin(clip);
  }
  return { ...calibrateLogits(logits, identity, objective), targets };
};

const classes = ["a", "b", "c"];

test("single-label: a temperature, measured on clips that had no part in the fit", () => {
  const task = { objective: "single-label", classes } as const;
  const given = answers("single-label", 60);
  const { decisions, before, after, separation, notes } = calibrate(given, task, "some/clips");
  const { calibration, rejection, thresholds } = decisions;
  const temperature = fitTemperature(given, task);
  expect(calibration).toMatchObject({ kind: "temperature", offsets: [0, 0, 0] });
  expect(calibration.scales).toStrictEqual([1 / temperature, 1 / temperature, 1 / temperature]);
  expect(calibration.measuredOn).toStrictEqual({ data: "clips", clips: 60, background: 0 });
  // A quarter is wrong, where nearly all seem sure.
  expect(before.ece).toBeGreaterThan(0.2);
  expect(after.ece).toBeLessThan(0.08);
  expect(after.nll).toBeLessThan(before.nll);
  // Each fifth is as the others tell.
  const rest = (values: Float32Array) => values.filter((_, at) => Math.floor(at / 3) % 5 !== 0);
  const fifth = fitTemperature({ logits: rest(given.logits), targets: rest(given.targets) }, task);
  expect(fifth).not.toBe(temperature);
  expect(thresholds?.perClass).toHaveLength(3);
  expect(rejection).toMatchObject({ score: "energy", rateOf: "classes" });
  expect(rejection.points.map(({ rate, falseAlarms }) => [rate, falseAlarms])).toStrictEqual([
    [0.01, null],
    [0.05, null],
    [0.1, null],
  ]);
  expect(separation).toBeNull();
  expect(notes).toStrictEqual(["1 % of 60 held-out clips is less than one: set so that there is none of them"]);
});

test("with background: the score that tells it better, at rates of it", () => {
  const { decisions, separation } = calibrate(
    answers("single-label", 60, 40),
    { objective: "single-label", classes },
    "clips",
  );
  expect(separation?.energy).toBe(1);
  expect(decisions.rejection).toMatchObject({ score: "energy", rateOf: "background" });
  expect(decisions.rejection.points).toMatchObject([
    { rate: 0.01, falseAlarms: 0, misses: 0 },
    { rate: 0.05, falseAlarms: 0.05, misses: 0 },
    { rate: 0.1, falseAlarms: 0.1, misses: 0 },
  ]);
  expect(decisions.calibration.measuredOn).toStrictEqual({ data: "clips", clips: 60, background: 40 });
});

test("multi-label: each class's own scale, and the temperature of all for one with too few clips", () => {
  const given = answers("multi-label", 60, 20);
  for (let clip = 0; clip < 80; clip++) given.targets[3 * clip + 2] = Number(clip === 2);
  const { decisions, after, before, notes } = calibrate(given, { objective: "multi-label", classes }, "clips");
  const { kind, scales, offsets } = decisions.calibration;
  expect(kind).toBe("platt");
  expect(new Set(scales).size).toBe(3);
  expect(offsets[2]).toBe(0);
  expect(after.nll).toBeLessThan(before.nll);
  expect(decisions.thresholds?.perClass[2]).toStrictEqual({ score: 0.5, f1: null });
  expect(notes.slice(0, 2)).toStrictEqual([
    'fewer than 5 clips, or others, for 1 of 3 classes, whose threshold is 0.5: "c"',
    '1 of 3 classes are calibrated by the temperature of all: "c"',
  ]);
});

describe("what there is to say of odd clips", () => {
  test("all clips are right", () => {
    const { decisions, notes } = calibrate(
      answers("single-label", 60, 0, () => false),
      { objective: "single-label", classes },
      "clips",
    );
    expect(decisions.calibration.scales[0]).toBeCloseTo(20, 9);
    expect(notes[0]).toBe(
      "the best temperature is beyond 0.05, where it is kept: the model is right on nearly all clips, and harder ones would tell more",
    );
  });

  test("too few clips", () => {
    const refused = () => calibrate(answers("single-label", 19, 50), { objective: "single-label", classes }, "clips");
    expect(refused).toThrow(UserError);
    expect(refused).toThrow("19 held-out clips of the classes are too few to calibrate on; expected 20 or more");
  });
});
