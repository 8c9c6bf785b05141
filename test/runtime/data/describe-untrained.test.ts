import { expect, test } from "vitest";
import { describeUntrained } from "../../../runtime/data/describe-untrained.ts";

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
