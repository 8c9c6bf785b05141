import { describe, expect, test } from "vitest";
import type { EndAnswer, FailureAnswer, WindowAnswer } from "../../../runtime/evaluate/answers.ts";
import { type EventOptions, findEvents } from "../../../runtime/evaluate/find-events.ts";
import { UserError } from "../../../runtime/user-error.ts";

type Given = WindowAnswer | FailureAnswer | EndAnswer;

/** Windows of 2 s, each a second after the one before. */
const windows = (path: string, scores: readonly (readonly number[])[]): readonly Given[] =>
  scores.map((row, start) => ({
    path,
    kind: "window",
    window: { startSeconds: start, endSeconds: start + 2, scores: Float32Array.from(row) },
  }));

const recording = (path: string, scores: readonly (readonly number[])[]): readonly Given[] => [
  ...windows(path, scores),
  { path, kind: "end" },
];

/** Events, failures and, as their path alone, ends. */
const find = async (answers: readonly Given[], options: Partial<EventOptions> = {}) => {
  const found: unknown[] = [];
  const given = (async function* () {
    for (const answer of answers) yield await Promise.resolve(answer);
  })();
  for await (const answer of findEvents(given, ["a", "b"], {
    threshold: 0.5,
    merge: true,
    minSeconds: 0,
    ...options,
  })) {
    const { path, kind } = answer;
    if (kind === "failure") found.push([path, answer.error.message]);
    else if (kind === "end") found.push([path]);
    else if (kind === "event") {
      const { label, startSeconds, endSeconds, score } = answer.event;
      found.push([path, label, startSeconds, endSeconds, score]);
    }
  }
  return found;
};

const scores = [
  [0.75, 0],
  [1, 0.25],
  [0.25, 0.5],
  [0.5, 0.5],
];

test("windows in a row are one event, with the highest of their scores, told when it ends", async () => {
  expect(await find(recording("x", scores))).toEqual([
    ["x", "a", 0, 3, 1],
    ["x", "a", 3, 5, 0.5],
    ["x", "b", 2, 5, 0.5],
    ["x"],
  ]);
});

test("otherwise each window is an event of its own", async () => {
  expect(await find(recording("x", scores), { merge: false })).toEqual([
    ["x", "a", 0, 2, 0.75],
    ["x", "a", 1, 3, 1],
    ["x", "b", 2, 4, 0.5],
    ["x", "a", 3, 5, 0.5],
    ["x", "b", 3, 5, 0.5],
    ["x"],
  ]);
});

test("shorter events are left out", async () => {
  expect(await find(recording("x", scores), { minSeconds: 3 })).toEqual([
    ["x", "a", 0, 3, 1],
    ["x", "b", 2, 5, 0.5],
    ["x"],
  ]);
});

test("windows that overlap are one event, also where one between them does not hear it", async () => {
  const quarter = (scores: readonly number[]): readonly Given[] => [
    ...scores.map((score, index): Given => ({
      path: "x",
      kind: "window",
      window: { startSeconds: index / 4, endSeconds: index / 4 + 1, scores: Float32Array.of(score, 0) },
    })),
    { path: "x", kind: "end" },
  ];
  expect(await find(quarter([1, 0, 0.5, 0, 0, 0, 0.75, 0]))).toEqual([
    ["x", "a", 0, 1.5, 1],
    ["x", "a", 1.5, 2.5, 0.75],
    ["x"],
  ]);
});

test("windows with a gap between them are not in a row", async () => {
  const apart = [0, 2].map((start): Given => ({
    path: "x",
    kind: "window",
    window: { startSeconds: start, endSeconds: start + 1, scores: Float32Array.of(1, 0) },
  }));
  expect(await find([...apart, { path: "x", kind: "end" }])).toEqual([["x", "a", 0, 1, 1], ["x", "a", 2, 3, 1], ["x"]]);
});

describe("events end with their recording", () => {
  test("where another follows, the same file too", async () => {
    expect(await find([...recording("x", [[1, 0]]), ...recording("x", [[1, 0]]), ...recording("y", [[1, 0]])])).toEqual(
      [["x", "a", 0, 2, 1], ["x"], ["x", "a", 0, 2, 1], ["x"], ["y", "a", 0, 2, 1], ["y"]],
    );
  });

  test("where it breaks off, before the failure", async () => {
    const failure = { path: "x", kind: "failure", error: new UserError("recording-broken-off", {}, "broken") } as const;
    const end = { path: "x", kind: "end" } as const;
    expect(await find([...windows("x", [[1, 0]]), failure, end, ...recording("y", [[0, 1]])])).toEqual([
      ["x", "a", 0, 2, 1],
      ["x", "broken"],
      ["x"],
      ["y", "b", 0, 2, 1],
      ["y"],
    ]);
  });
});
