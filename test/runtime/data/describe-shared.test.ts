import { expect, test } from "vitest";
import type { Clip } from "../../../runtime/data/dataset.ts";
import { describeShared } from "../../../runtime/data/describe-shared.ts";
import { embeddedClips } from "../../../runtime/data/embedded.ts";

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
