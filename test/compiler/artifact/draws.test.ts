/** Which lists of draws are read, and what is said of others. */
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { type Distribution, type Draw, drawsSchema, lengthsPerClip } from "../../../compiler/artifact/draws.ts";

const draw = (input: string, distribution: Distribution, ...rest: readonly Draw["shape"][number][]): Draw => ({
  input,
  dtype: "float32",
  shape: ["batch", ...rest],
  distribution,
});

const mixup = [
  draw("mixed", { kind: "bernoulli", chance: 0.5 }),
  draw("share", { kind: "beta", alpha: 10 }),
  draw("partner", { kind: "clip", where: "mixed" }, "drawn_samples"),
  draw("partner_targets", { kind: "targets", of: "partner" }, 3),
];

test("every distribution, with the shapes that it has", () => {
  const draws = [
    ...mixup,
    draw("noise", { kind: "uniform", from: 0, to: 1 }, 4, 3),
    draw("shift", { kind: "integer", from: -10, to: 9 }),
    draw("jitter", { kind: "normal", mean: 0, deviation: 0.1 }, 2),
    draw("mask", { kind: "span", widest: 2, within: 4 }, 2),
    draw("kept", { kind: "subset", of: 5 }, 5),
    draw("any", { kind: "clip", where: null }, "drawn_samples"),
  ];
  expect(v.parse(drawsSchema, draws)).toStrictEqual(draws);
  const lengths = draws.map((each) => lengthsPerClip(each, { samples: 7, drawn_samples: 9 }));
  expect(lengths).toStrictEqual([[], [], [9], [3], [4, 3], [], [2], [2], [5], [9]]);
});

const uniform = { kind: "uniform", from: 0, to: 1 } as const;

describe("refused", () => {
  test.each<[string, readonly unknown[], string, string]>([
    [
      "an unknown distribution",
      [draw("x", { kind: "cauchy" } as never)],
      "0.distribution.kind",
      "one of the kinds uniform, integer, bernoulli, normal, beta, span, subset, clip, targets",
    ],
    ["another type", [{ ...draw("x", uniform), dtype: "int64" }], "0.dtype", '"float32"'],
    [
      "a chance beyond 1",
      [draw("x", { kind: "bernoulli", chance: 1.5 })],
      "0.distribution.chance",
      "a number from 0 to 1",
    ],
    [
      "a range that falls",
      [draw("x", { kind: "integer", from: 1, to: 0 })],
      "0.distribution",
      "from that is not above to",
    ],
    [
      "integers that float32 rounds",
      [draw("x", { kind: "integer", from: 0, to: 2 ** 24 })],
      "0.distribution.to",
      "a whole number from -1048576 to 1048576",
    ],
    [
      "a span beyond its places",
      [draw("x", { kind: "span", widest: 5, within: 4 }, 2)],
      "0.distribution",
      "widest that is not above within",
    ],
    ["a span of three", [draw("x", { kind: "span", widest: 2, within: 4 }, 3)], "0.shape", '["batch",2]'],
    [
      "a subset of fewer places",
      [draw("x", { kind: "subset", of: 4 }, 5)],
      "0.distribution",
      "of that is not below the count",
    ],
    ["a subset of two axes", [draw("x", { kind: "subset", of: 4 }, 2, 2)], "0.shape", '["batch", count]'],
    ["a waveform of a length", [draw("x", { kind: "clip", where: null }, 400)], "0.shape", '["batch","drawn_samples"]'],
    [
      "targets without classes",
      [draw("x", { kind: "clip", where: null }, "drawn_samples"), draw("y", { kind: "targets", of: "x" })],
      "1.shape",
      '["batch", classes]',
    ],
    ["numbers of unknown count", [draw("x", uniform, "samples")], "0.shape", '["batch", lengths ...]'],
    ["one draw for all clips", [{ ...draw("x", uniform), shape: [4] }], "0.shape", '["batch", lengths ...]'],
    ["a length of 0", [draw("x", uniform, 0)], "0.shape.1", "a whole number from 1 to 1048576"],
    [
      "a huge one",
      [draw("x", uniform, 2 ** 20, 17)],
      "0.shape",
      "at most 16777216 values a clip, with those before it",
    ],
    [
      "many that are huge together",
      [draw("x", uniform, 2 ** 20, 9), draw("y", uniform, 2 ** 20, 9)],
      "1.shape",
      "at most 16777216 values a clip, with those before it",
    ],
    ["one input twice", [draw("x", uniform), draw("x", uniform)], "1.input", "names that differ"],
    [
      "partners by what comes later",
      [mixup[2], mixup[0]],
      "0.distribution",
      "where to be an input before it, by bernoulli, one value a clip",
    ],
    [
      "partners by what is no chance",
      [draw("mixed", uniform), mixup[2]],
      "1.distribution",
      "where to be an input before it, by bernoulli, one value a clip",
    ],
    [
      "targets of no clip",
      [draw("partner", uniform), mixup[3]],
      "1.distribution",
      "of to be an input before it, by clip",
    ],
    [
      "more than anybody means",
      Array.from({ length: 1025 }, (_, index) => draw(`x${index}`, uniform)),
      "",
      "a list of at most 1024",
    ],
    ["no list", { length: 1 } as never, "", "a list"],
  ])("%s", (_, draws, place, expected) => {
    const { issues = [] } = v.safeParse(drawsSchema, draws);
    expect([v.getDotPath(issues[0] as v.BaseIssue<unknown>) ?? "", issues[0]?.message]).toStrictEqual([
      place,
      expected,
    ]);
  });
});
