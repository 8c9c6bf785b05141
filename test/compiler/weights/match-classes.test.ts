import { describe, expect, test } from "vitest";
import { type ClassMatch, matchClasses } from "../../../compiler/weights/match-classes.ts";

const nothing = { dropped: [], initialised: [], warnings: [] };
const classes = ["bird", "cat", "dog"];

describe("where both sides have names, rows follow them", () => {
  test.each<[string, readonly string[], Partial<ClassMatch>]>([
    ["in the same order", ["bird", "cat", "dog"], { rows: [0, 1, 2] }],
    ["in another order", ["dog", "cat", "bird"], { rows: [2, 1, 0] }],
    ["among others", ["rain", "dog", "bird", "cat", "sea"], { rows: [2, 3, 1], dropped: ["rain", "sea"] }],
    [
      "with some missing",
      ["dog", "rain"],
      { rows: [undefined, undefined, 0], initialised: ["bird", "cat"], dropped: ["rain"] },
    ],
    [
      "with all missing",
      ["rain"],
      { rows: [undefined, undefined, undefined], initialised: classes, dropped: ["rain"] },
    ],
    [
      "with several of a name that is not wanted",
      ["sea", "dog", "sea", "cat", "bird"],
      { rows: [4, 3, 1], dropped: ["sea", "sea"] },
    ],
  ])("%s", (_, source, expected) => {
    expect(matchClasses(classes, source, source.length)).toStrictEqual({ by: "name", ...nothing, ...expected });
  });

  test("an accent is the same however it is typed", () => {
    const [composed, decomposed] = ["caf\u00e9", "cafe\u0301"];
    expect(matchClasses([composed, "b"], ["b", decomposed], 2)).toStrictEqual({ rows: [1, 0], by: "name", ...nothing });
  });

  test("capitals make another class, and that is told", () => {
    expect(matchClasses(["dog", "Cat"], ["Dog", "Cat"], 2)).toStrictEqual({
      rows: [undefined, 1],
      by: "name",
      dropped: ["Dog"],
      initialised: ["dog"],
      warnings: ['"Dog" in the checkpoint and "dog" in the spec differ only in case: two classes'],
    });
  });

  test("a name that is wanted must be one row's", () => {
    expect(matchClasses(classes, ["dog", "cat", "dog"], 3)).toBe(
      'has several classes called "dog": rows 0 and 2, counted from 0',
    );
  });

  test("there must be a name for each row", () => {
    expect(matchClasses(classes, ["dog", "cat"], 3)).toBe("has 3 rows in its classifier, but 2 class names");
  });
});

const inOrder = (reason: string): ClassMatch => ({
  rows: [0, 1, 2],
  by: "order",
  ...nothing,
  warnings: [`its 3 classes are taken to be the spec's, in order, as ${reason}`],
});
const sourceUnnamed = inOrder(
  'the checkpoint does not name them; checkpoint({ labels: "FILE.csv" }) or --weights-labels names them',
);

describe("where a side has none", () => {
  test.each<[string, readonly string[], readonly string[] | undefined, ClassMatch]>([
    ["the checkpoint", classes, undefined, sourceUnnamed],
    ["transformers' default stands for none", classes, ["LABEL_0", "LABEL_1", "LABEL_2"], sourceUnnamed],
    ["numbers stand for none", classes, ["0", "1", "2"], sourceUnnamed],
    ["the spec", ["0", "1", "2"], classes, inOrder("the spec does not name them")],
    ["both alike", ["0", "1", "2"], ["0", "1", "2"], { rows: [0, 1, 2], by: "name", ...nothing }],
  ])("and as many classes, they are taken in order: %s", (_, spec, source, expected) => {
    expect(matchClasses(spec, source, 3)).toStrictEqual(expected);
  });

  test("and another number, none is used", () => {
    const none = { by: "count", ...nothing };
    expect(matchClasses(classes, undefined, 5)).toStrictEqual({ rows: [undefined, undefined, undefined], ...none });
    expect(matchClasses(["0", "1"], classes, 3)).toStrictEqual({ rows: [undefined, undefined], ...none });
  });

  test("numbers are names where they stand in another order", () => {
    expect(matchClasses(["1", "0"], ["0", "1"], 2)).toMatchObject({ rows: [1, 0], by: "name" });
    expect(matchClasses(["0", "1"], ["1", "none", "0"], 3)).toMatchObject({
      rows: [2, 0],
      by: "name",
      dropped: ["none"],
    });
    expect(matchClasses(["0", "1"], ["0", "1", "2"], 3)).toMatchObject({ rows: [undefined, undefined], by: "count" });
  });
});
