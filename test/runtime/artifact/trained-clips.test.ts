import { expect, test } from "vitest";
import { readArtifact } from "../../../runtime/artifact/read-artifact.ts";
import { trainedClips, trainedClipsOf, withTrainedClips } from "../../../runtime/artifact/trained-clips.ts";
import { temporaryFolder } from "../audio/temporary-folder.ts";
import { writeLinearModel } from "./linear-artifact.ts";

const hex = (number: number): string => number.toString(16).padStart(10, "0");

test("a graph tells all the clips that it was ever trained on", () => {
  const artifact = readArtifact(writeLinearModel(temporaryFolder()));
  expect(trainedClipsOf(artifact)).toBeUndefined();
  const once = withTrainedClips(artifact, [hex(3), hex(0xff_ffff_ffff)]);
  const twice = withTrainedClips(once, [hex(2), hex(3)]);
  expect(trainedClipsOf(twice)).toStrictEqual({
    clips: 3,
    fingerprints: new Set([hex(2), hex(3), "ffffffffff"]),
    knownTo: undefined,
  });
  expect(twice.model.metadataProps).toHaveLength((artifact.model.metadataProps?.length ?? 0) + 1);
});

test("of many it tells a sample", () => {
  const all = Array.from({ length: 40_000 }, (_, index) => hex(7 * index));
  const artifact = readArtifact(writeLinearModel(temporaryFolder()));
  const found = trainedClipsOf(withTrainedClips(artifact, all));
  expect(found).toStrictEqual(trainedClips(all));
  expect([found?.clips, found?.fingerprints.size, found?.knownTo]).toStrictEqual([40_000, 32_768, hex(7 * 32_767)]);
});

test.each(["", "{}", '{"clips":-1,"fingerprints":""}', '{"clips":1,"fingerprints":"?"}'])("nothing of %s", (value) => {
  const model = { metadataProps: [{ key: "specgraph.trainedClips", value }] };
  expect(trainedClipsOf({ model })).toBeUndefined();
});
