import { expect, test } from "vitest";
import { mergeTrained, trainedAmong } from "../../../runtime/evaluate/trained-among.ts";
import { trainedClips } from "../../../runtime/artifact/trained-clips.ts";

const clips = Array.from({ length: 10 }, (_, index) => {
  const name = String(index);
  return { name, source: { path: name }, classIndices: [0] };
});
const [first] = clips;
/** Clip by clip 10, 11, ... */
const fingerprints = new Map(clips.map((clip, index) => [clip, `${10 + index}`]));

test("of a sample of the training clips, how many of these it tells", () => {
  // Of the clips up to 13 half are known.
  const sample = { clips: 1000, fingerprints: new Set(["01", "10", "12"]), knownTo: "13" };
  const found = trainedAmong(sample, clips, fingerprints);
  expect(found).toMatchObject({ count: 5, isExact: false });
  expect(found?.known.size).toBe(2);
  expect(trainedAmong({ ...sample, knownTo: "02" }, clips, fingerprints)).toBeUndefined();
  expect(trainedAmong(undefined, clips, fingerprints)).toBeUndefined();
});

test("several graphs together", () => {
  const [ten, both, none] = [["10"], ["10", "19"], []].map((known) =>
    trainedAmong(trainedClips(known), clips, fingerprints),
  );
  expect(mergeTrained([ten, both, none, undefined])).toStrictEqual({
    known: new Set([first, clips.at(-1)]),
    count: 2,
    isExact: true,
  });
  expect(mergeTrained([undefined])).toBeUndefined();
  expect(mergeTrained([ten, { known: new Set(), count: 7, isExact: false }])).toMatchObject({
    count: 7,
    isExact: false,
  });
});
