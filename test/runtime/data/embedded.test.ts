import { expect, test } from "vitest";
import { embeddedClasses } from "../../../runtime/data/embedded.ts";
import { readDataset } from "../../../runtime/data/sources/read-dataset.ts";
import { splitClips } from "../../../runtime/data/split-clips.ts";
import { saying } from "../saying.ts";
import quickstart from "../../../spec/quickstart.ts";

test("without a path there are the embedded sounds, balanced and split", async () => {
  const classes = embeddedClasses.toReversed();
  const dataset = await readDataset({ classes });
  const { train, evaluation } = splitClips(dataset, { seed: 1 });
  expect([train.length, evaluation.length]).toEqual([2000, 300]);
  for (const [index, name] of classes.entries()) {
    const ofClass = train.filter(({ classIndices }) => classIndices[0] === index);
    expect(ofClass).toHaveLength(200);
    expect(ofClass[0]?.name).toBe(`${name} 0 (embedded)`);
  }
});

test("the quickstart's classes are theirs", () => {
  expect(quickstart.objective.classes).toEqual(embeddedClasses);
});

test("a graph of other classes has no use for them", async () => {
  await expect(readDataset({ classes: ["cat", "dog"] })).rejects.toThrow(
    saying(
      'the embedded sounds have a class "tone" and the graph has not; give clips of the graph\'s own classes: --data PATH',
    ),
  );
});
