import { describe, expect, test } from "vitest";
import type { Decisions } from "../../../compiler/artifact/decisions.ts";
import { parseMetadata, printMetadata } from "../../../compiler/artifact/metadata.ts";
import { metadata } from "../../runtime/artifact/linear-artifact.ts";

const measuredOn = { data: "clips", clips: 40, background: 12 };
const decisions: Decisions = {
  thresholds: {
    perClass: [
      { score: 0.25, f1: 0.75 },
      { score: 0.5, f1: null },
    ],
    measuredOn,
  },
  calibration: {
    kind: "platt",
    scales: [0.5, 2],
    offsets: [-1, 1],
    before: { nll: 0.5, ece: 0.125 },
    after: { nll: 0.25, ece: 0.0625 },
    measuredOn,
  },
  rejection: {
    score: "energy",
    rateOf: "background",
    points: [{ rate: 0.05, threshold: -3.5, falseAlarms: 0.0625, misses: 0.125 }],
    measuredOn,
  },
};

const read = (changed: unknown) =>
  parseMetadata([
    ...printMetadata(metadata),
    { key: "specgraph.decisions", value: typeof changed === "string" ? changed : JSON.stringify(changed) },
  ]);

test("what is written is read", () => {
  expect(parseMetadata(printMetadata({ ...metadata, decisions }))).toStrictEqual({ ...metadata, decisions });
  const none = { thresholds: null, calibration: null, rejection: null };
  expect(read(none)).toStrictEqual({ ...metadata, decisions: none });
});

test("a graph without it is read", () => {
  expect(parseMetadata(printMetadata(metadata))).toStrictEqual(metadata);
});

describe("refused", () => {
  const { thresholds, calibration, rejection } = decisions;
  const perClass = thresholds?.perClass ?? [];
  test.each<[string, unknown, string]>([
    ["no JSON", "{", " is not JSON"],
    ["a part is missing", { thresholds, calibration }, ".rejection is missing"],
    [
      "a threshold that is no score",
      { ...decisions, thresholds: { ...thresholds, perClass: [{ score: 1.5, f1: null }] } },
      ".thresholds.perClass.0.score is 1.5; expected a number from 0 to 1",
    ],
    [
      "a class that the graph has not",
      { ...decisions, thresholds: { ...thresholds, perClass: [...perClass, { score: 0.5, f1: null }] } },
      ": thresholds.perClass is of 3 classes, and the graph has 2",
    ],
    [
      "a class that is not calibrated",
      { ...decisions, calibration: { ...calibration, offsets: [0] } },
      ": calibration.offsets is of 1 classes, and the graph has 2",
    ],
    [
      "a scale that turns scores round",
      { ...decisions, calibration: { ...calibration, scales: [1, -1] } },
      ".calibration.scales.1 is -1; expected a number from 0.001 to 1000",
    ],
    [
      "an unknown score",
      { ...decisions, rejection: { ...rejection, score: "mood" } },
      '.rejection.score is "mood"; expected "energy" or "highest-score"',
    ],
    [
      "no point",
      { ...decisions, rejection: { ...rejection, points: [] } },
      ".rejection.points is []; expected a list of at least one",
    ],
  ])("%s", (_, changed, problem) => {
    expect(read(changed)).toBe(`its metadata property specgraph.decisions${problem}`);
  });
});
