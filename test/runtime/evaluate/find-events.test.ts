import { describe, expect, test } from "vitest";
import type { WindowAnswer } from "../../../runtime/evaluate/classify-windows.ts";
import { type EventOptions, findEvents } from "../../../runtime/evaluate/find-events.ts";
import { UserError } from "../../../runtime/user-error.ts";

/** Windows of 2 s, each a second after the one before. */
const recording = (path: string, scores: readonly (readonly number[])[]): readonly WindowAnswer[] =>
  scores.map((row, start) => ({
    path,
    answer: { startSeconds: start, endSeconds: start + 2, scores: Float32Array.from(row) },
  }));

const find = async (answers: readonly WindowAnswer[], options: Partial<EventOptions> = {}) => {
  const found: unknown[] = [];
  const given = (async function* () {
    for (const answer of answers) yield await Promise.resolve(answer);
  })();
  for await (const { path, answer } of findEvents(given, ["a", "b"], {
    threshold: 0.5,
    merge: true,
    minSeconds: 0,
    ...options,
  })) {
    found.push(
      answer instanceof UserError
        ? [path, answer.message]
        : [path, answer.label, answer.startSeconds, answer.endSeconds, answer.score],
    );
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
  ]);
});

test("otherwise each window is an event of its own", async () => {
  expect(await find(recording("x", scores), { merge: false })).toEqual([
    ["x", "a", 0, 2, 0.75],
    ["x", "a", 1, 3, 1],
    ["x", "b", 2, 4, 0.5],
    ["x", "a", 3, 5, 0.5],
    ["x", "b", 3, 5, 0.5],
  ]);
});

test("shorter events are left out", async () => {
  expect(await find(recording("x", scores), { minSeconds: 3 })).toEqual([
    ["x", "a", 0, 3, 1],
    ["x", "b", 2, 5, 0.5],
  ]);
});

describe("events end with their recording", () => {
  test("where another follows, the same file too", async () => {
    expect(await find([...recording("x", [[1, 0]]), ...recording("x", [[1, 0]]), ...recording("y", [[1, 0]])])).toEqual(
      [
        ["x", "a", 0, 2, 1],
        ["x", "a", 0, 2, 1],
        ["y", "a", 0, 2, 1],
      ],
    );
  });

  test("where it breaks off, before the failure", async () => {
    const failure = { path: "x", answer: new UserError("recording-broken-off", {}, "broken") };
    expect(await find([...recording("x", [[1, 0]]), failure, ...recording("y", [[0, 1]])])).toEqual([
      ["x", "a", 0, 2, 1],
      ["x", "broken"],
      ["y", "b", 0, 2, 1],
    ]);
  });
});
