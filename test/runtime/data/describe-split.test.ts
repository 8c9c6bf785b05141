import { expect, test } from "vitest";
import type { Clip } from "../../../runtime/data/dataset.ts";
import { describeShared, describeUntrained } from "../../../runtime/data/describe-split.ts";
import { embeddedClips } from "../../../runtime/data/embedded.ts";

const classes = Array.from({ length: 13 }, (_, index) => `c${index}`);
const clip = (...classIndices: number[]) => ({ name: "a.wav", source: { path: "a.wav" }, classIndices });
const dataset = { name: "clips", classes, clips: [], notes: [] };

test("every class has a clip", () => {
  expect(describeUntrained({ ...dataset, classes: ["c0", "c1"] }, [clip(0, 1)])).toBeUndefined();
});

test("the classes without one are listed, up to ten", () => {
  expect(describeUntrained({ ...dataset, classes: ["c0", "c1"] }, [clip(1)])).toBe(
    'clips: no clip to train on for 1 of 2 classes: "c0"',
  );
  expect(describeUntrained(dataset, [clip(1), clip(2)])).toBe(
    'clips: no clip to train on for 11 of 13 classes: "c0", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", ...',
  );
});

const clips = (...paths: readonly string[]): readonly Clip[] =>
  paths.map((path) => ({ name: path, source: { path }, classIndices: [0] }));

test("files that are trained on and evaluated on", () => {
  expect(describeShared(clips("a", "b", "b", "c"), clips("d", "./c", "b"), new Map())).toBe(
    "2 of the 3 clips to evaluate on are also trained on, among them ./c",
  );
});

test("none, and sounds that are no files", () => {
  expect(describeShared(clips("a"), clips("b"), new Map())).toBeUndefined();
  const sounds = embeddedClips(["tone"]);
  expect(describeShared(sounds, sounds, new Map())).toBeUndefined();
});

test("copies", () => {
  const [train, evaluation] = [clips("a", "b"), clips("c", "d")];
  const fingerprints = new Map(
    [...train, ...evaluation].map((clip, index) => [clip, ["1", "2", "3", "2"][index] ?? ""]),
  );
  expect(describeShared(train, evaluation, fingerprints)).toBe(
    "1 of the 2 clips to evaluate on are also trained on, among them d, a copy of b",
  );
});
