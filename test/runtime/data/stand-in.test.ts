import { expect, test } from "vitest";
import { standIn } from "../../../runtime/data/stand-in.ts";

const clips = [[0], [1], [0, 1], [0], [1]].map((classIndices, index) => {
  const name = String(index);
  return { name, source: { path: name }, classIndices };
});

test("the next clip of the same classes that is not left out, round the end", () => {
  const namesFor = (...leftOut: readonly number[]): readonly (string | undefined)[] =>
    clips.map((clip) => standIn(clips, clip, ({ name }) => leftOut.includes(Number(name)))?.name);
  expect(namesFor()).toStrictEqual(["3", "4", undefined, "0", "1"]);
  expect(namesFor(3)).toStrictEqual([undefined, "4", undefined, "0", "1"]);
});
