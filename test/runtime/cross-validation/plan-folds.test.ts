import { expect, test } from "vitest";
import { ownFolds, stratify } from "../../../runtime/cross-validation/plan-folds.ts";
import type { Clip, Dataset } from "../../../runtime/data/dataset.ts";
import { saying } from "../saying.ts";

const clip = (name: string, classIndex: number, fold?: number): Clip => ({
  name,
  source: { path: name },
  classIndices: [classIndex],
  fold,
});
const dataset = (clips: readonly Clip[]): Dataset => ({
  name: "clips",
  classes: ["low", "high", "rare"],
  clips,
  notes: [],
});

test("the data's own folds", () => {
  expect(ownFolds(dataset([clip("a", 0, 3), clip("b", 0, 1), clip("c", 1, 3)]))).toStrictEqual([1, 3]);
  expect(ownFolds(dataset([clip("a", 0)]))).toStrictEqual([]);
});

const many = dataset([
  ...Array.from({ length: 23 }, (_, index) => clip(`low-${index}`, 0)),
  ...Array.from({ length: 12 }, (_, index) => clip(`high-${index}`, 1)),
  ...Array.from({ length: 5 }, (_, index) => clip(`rare-${index}`, 2)),
]);
const countIn = (foldOf: ReadonlyMap<Clip, number>, fold: number, classIndex?: number): number =>
  [...foldOf].filter(([own, number]) => number === fold && [undefined, ...own.classIndices].includes(classIndex))
    .length;

test("each fold has its share of every class, and the folds are as large as each other", () => {
  const foldOf = stratify(many, 5, 7);
  expect(foldOf.size).toBe(40);
  for (const fold of [1, 2, 3, 4, 5]) {
    expect(countIn(foldOf, fold)).toBe(8);
    expect([4, 5]).toContain(countIn(foldOf, fold, 0));
    expect([2, 3]).toContain(countIn(foldOf, fold, 1));
    expect(countIn(foldOf, fold, 2)).toBe(1);
  }
});

test("the seed decides", () => {
  expect([...stratify(many, 5, 7).values()]).toStrictEqual([...stratify(many, 5, 7).values()]);
  const foldsBy = (seed: number): string => many.clips.map((own) => stratify(many, 5, seed).get(own)).join("");
  expect(foldsBy(8)).not.toBe(foldsBy(7));
});

test("a class with too few clips", () => {
  expect(() => stratify(many, 6, 7)).toThrow(saying('clips: "rare" has 5 clips, too few for 6 folds'));
});
