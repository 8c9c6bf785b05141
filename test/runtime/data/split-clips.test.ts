import { describe, expect, test } from "vitest";
import type { Clip, Dataset, Split } from "../../../runtime/data/dataset.ts";
import { evaluationClips, splitClips } from "../../../runtime/data/split-clips.ts";
import { saying } from "../saying.ts";

const clip = (name: string, classIndices: readonly number[], split?: Split): Clip => ({
  name,
  source: { path: name },
  classIndices,
  split,
});

const dataset = (...clips: readonly Clip[]): Dataset => ({
  name: "DATA",
  classes: ["cat", "dog", "rain"],
  clips,
  notes: [],
});

const many = (count: number, classIndex: number): readonly Clip[] =>
  Array.from({ length: count }, (_, index) => clip(`${classIndex}/${index}`, [classIndex]));

const names = (clips: readonly Clip[]) => clips.map(({ name }) => name);

describe("where the data says nothing", () => {
  const data = dataset(...many(50, 0), ...many(10, 1), ...many(2, 2));

  test("a fifth of each class is held out, one clip at least", () => {
    const { train, evaluation } = splitClips(data, { seed: 1 });
    const perClass = (clips: readonly Clip[]) =>
      [0, 1, 2].map((index) => clips.filter(({ classIndices }) => classIndices[0] === index).length);
    expect(perClass(evaluation)).toEqual([10, 2, 1]);
    expect(perClass(train)).toEqual([40, 8, 1]);
    expect(new Set([...train, ...evaluation])).toEqual(new Set(data.clips));
  });

  test("the seed alone decides which", () => {
    const heldOut = (seed: number) => names(splitClips(data, { seed }).evaluation);
    expect(heldOut(1)).toEqual(heldOut(1));
    expect(heldOut(1)).not.toEqual(heldOut(2));
  });

  test("a class of one clip keeps it for training", () => {
    const { evaluation } = splitClips(dataset(...many(5, 0), ...many(1, 1)), { seed: 1 });
    expect(evaluation.every(({ classIndices }) => classIndices[0] === 0)).toBe(true);
  });
});

test("splits of the data are kept", () => {
  const data = dataset(clip("a", [0], "train"), clip("b", [1], "train"), clip("c", [1], "test"));
  const { train, evaluation } = splitClips(data, { seed: 1 });
  expect([names(train), names(evaluation)]).toEqual([["a", "b"], ["c"]]);
});

test("clips for validation are evaluated on, those for the test are left to the end", () => {
  const data = dataset(
    clip("a", [0], "train"),
    clip("b", [1], "train"),
    clip("c", [1], "validation"),
    clip("d", [1], "test"),
  );
  const { train, evaluation, test } = splitClips(data, { seed: 1 });
  expect([names(train), names(evaluation), names(test)]).toEqual([["a", "b"], ["c"], ["d"]]);
  expect(names(evaluationClips(data))).toEqual(["d"]);
});

test("a fifth is held out of data that names clips for training alone", () => {
  const data = dataset(...[...many(5, 0), ...many(5, 1)].map((one) => ({ ...one, split: "train" }) as const));
  const { train, evaluation, test } = splitClips(data, { seed: 1 });
  expect([train.length, evaluation.length, test.length]).toEqual([8, 2, 0]);
});

test("another data set for evaluation stands for the validation, its own clips for validation first", () => {
  const data = dataset(
    clip("a", [0], "train"),
    clip("b", [1], "train"),
    clip("c", [1], "validation"),
    clip("d", [1], "test"),
  );
  const other = dataset(clip("x", [0], "validation"), clip("y", [1], "test"));
  const { train, evaluation, test } = splitClips(data, { seed: 1, evaluation: other });
  expect([names(train), names(evaluation), names(test)]).toEqual([["a", "b"], ["x"], ["d"]]);
});

test("another data set for evaluation leaves all the clips to training", () => {
  const data = dataset(...many(5, 0), ...many(5, 1));
  const other = dataset(clip("x", [0]), clip("y", [1]));
  const { train, evaluation } = splitClips(data, { seed: 1, evaluation: other });
  expect(names(train)).toEqual(names(data.clips));
  expect(names(evaluation)).toEqual(["x", "y"]);
});

test("a data set's evaluation clips are those it marks, or all", () => {
  expect(names(evaluationClips(dataset(clip("a", [0], "train"), clip("b", [1], "test"))))).toEqual(["b"]);
  expect(names(evaluationClips(dataset(clip("a", [0]), clip("b", [1]))))).toEqual(["a", "b"]);
});

test.each([
  [
    "nothing to train on",
    dataset(clip("a", [0], "test")),
    "DATA: all its clips are for evaluation; there is none to train on",
  ],
  [
    "too few clips to hold some out",
    dataset(clip("a", [0]), clip("b", [1])),
    "DATA: no class has two clips, so none can be held out for evaluation; give others: --eval-data PATH",
  ],
  [
    "too few clips of several labels to hold some out",
    dataset(clip("a", [0, 1]), clip("b", [1])),
    "DATA: no two clips have the same first label, so none can be held out for evaluation; give others: --eval-data PATH",
  ],
  [
    "one class",
    dataset(...many(5, 1)),
    'DATA: every training clip is "dog"; training tells classes apart and needs two or more',
  ],
  [
    "one set of classes",
    dataset(clip("a", [1, 0], "train"), clip("b", [0, 1], "train"), clip("c", [2], "test")),
    'DATA: every training clip is "cat" and "dog"; training tells classes apart and needs two or more',
  ],
])("%s", (_, data, message) => {
  expect(() => splitClips(data, { seed: 1 })).toThrow(saying(message));
});
