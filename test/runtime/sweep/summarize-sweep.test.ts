/** What a sweep comes to: figures worked out by hand, and how they are told. */
import { describe, expect, test } from "vitest";
import { renderSweep } from "../../../runtime/report/html/render-sweep.ts";
import { formatSweep } from "../../../runtime/report/terminal/format-sweep.ts";
import { summarizeSweep, type SweepRun, type VariantSize } from "../../../runtime/sweep/summarize-sweep.ts";

const task = { objective: "single-label", classes: ["a", "b"] } as const;
const size: VariantSize = { patches: 512, tokens: 514, parameters: 5.5e6, flops: 2.5e9, memoryBytes: 1.25e9 };

/** A run's answers to two clips, of class a and of class b: the scores of class a. */
const runOf = (
  variant: string,
  seed: number,
  scores: readonly [number, number],
  others: Partial<SweepRun> = {},
): SweepRun => {
  const both = scores.flatMap((score) => [score, 1 - score]);
  const correct = Number(scores[0] > 0.5) + Number(scores[1] < 0.5);
  return {
    variant,
    seed,
    fold: null,
    result: { repeat: seed, fold: 1, epochs: [0.25, correct / 2], averaged: null, seconds: 60 + seed },
    answers: {
      predictions: {
        logits: Float32Array.from(both, Math.log),
        scores: Float32Array.from(both),
        targets: Float32Array.of(1, 0, 0, 1),
      },
      clips: ["one.wav", "two.wav"],
    },
    ...others,
  };
};

const variants = ["x", "y"].map((variant) => ({ variant, size, task }));

// Each of x is wrong about another clip, but surer where it is right: together they are right.
const runs = [
  runOf("x", 0, [0.9, 0.6]),
  runOf("x", 1, [0.45, 0.1]),
  runOf("y", 0, [0.4, 0.6]),
  runOf("y", 1, [0.9, 0.6]),
];

test("means over runs, their sample deviation, and ensembles", () => {
  const result = summarizeSweep("accuracy", variants, runs);
  expect(
    result.variants.map(({ variant, spread, ensemble, seconds }) => [variant, spread, ensemble, seconds]),
  ).toStrictEqual([
    ["x", { mean: 0.5, deviation: 0 }, 1, 60.5],
    ["y", { mean: 0.25, deviation: Math.sqrt(0.125) }, 0.5, 60.5],
  ]);
  // (0.9 + 0.45 + 0.4 + 0.9) / 4 and (0.6 + 0.1 + 0.6 + 0.6) / 4.
  expect(result.ensemble).toStrictEqual({ runs: 4, value: 1 });
  expect(formatSweep(result))
    .toBe(`variant  patches  tokens  parameters  FLOPs  memory       time  accuracy      +-  ensemble
x            512     514       5.5 M  2.5 G  1.3 GB  1 min 1 s    0.5000  0.0000    1.0000
y            512     514       5.5 M  2.5 G  1.3 GB  1 min 1 s    0.2500  0.3536    0.5000

FLOPs to infer a clip, memory to train, about, time of a run; means over 2 runs with the sample deviation, ensembles of 2 seeds
ensemble of all 4: accuracy 1.0000`);
});

test("averaged parameters, where there are some", () => {
  const averaged = runs.map((run) => ({ ...run, result: { ...run.result, averaged: 0.75 } }));
  expect(summarizeSweep("accuracy", variants, averaged).variants[0]?.spread).toStrictEqual({
    mean: 0.75,
    deviation: 0,
  });
});

test("folds are measured each by itself, and averaged", () => {
  const folds = [1, 2].flatMap((fold) => [
    runOf("x", 0, [0.9, 0.6], { fold }),
    runOf("x", 1, [0.45, fold / 10], { fold }),
  ]);
  const result = summarizeSweep("accuracy", variants.slice(0, 1), folds);
  expect(result.variants[0]?.ensemble).toBe(1);
  expect(result.ensemble).toStrictEqual({ runs: 2, value: 1 });
});

describe("no ensemble", () => {
  test("of one run", () => {
    const result = summarizeSweep("accuracy", variants.slice(0, 1), runs.slice(0, 1));
    expect([result.ensemble, result.variants[0]?.ensemble, result.variants[0]?.spread.deviation]).toStrictEqual([
      null,
      null,
      null,
    ]);
    expect(formatSweep(result)).toBe(`variant  patches  tokens  parameters  FLOPs  memory       time  accuracy
x            512     514       5.5 M  2.5 G  1.3 GB  1 min 0 s    0.5000

FLOPs to infer a clip, memory to train, about, time of a run`);
  });

  test("of other clips, or other classes", () => {
    const [first, second, ...others] = runs;
    if (!first || !second) throw new Error("there are runs");
    const elsewhere = { ...second, answers: { ...second.answers, clips: ["one.wav", "three.wav"] } };
    const result = summarizeSweep("accuracy", variants, [first, elsewhere, ...others]);
    expect([result.ensemble, result.variants[0]?.ensemble]).toStrictEqual([null, null]);
    const named = [{ variant: "x", size, task: { ...task, classes: ["b", "a"] } }, ...variants.slice(1)];
    expect(summarizeSweep("accuracy", named, runs).ensemble).toBeNull();
  });
});

describe("the page", () => {
  test("has each variant's bar with its deviation, its runs' reports, and nothing that its names could break", () => {
    const odd = "a=<b>&50%";
    const result = summarizeSweep(
      "accuracy",
      [{ variant: odd, size, task }],
      [runOf(odd, 0, [0.9, 0.6]), runOf(odd, 1, [0.6, 0.7])],
    );
    const page = renderSweep("spec.ts", "runtime sweep spec.ts", result);
    expect(page).toContain('<a href="a%3D%3Cb%3E%2650%25/seed-1/report.html">');
    expect(page).toContain("<bdi>a=&lt;b&gt;&amp;50%</bdi>");
    expect(page).not.toContain("<b>&50");
    expect(page).toContain('<i style="width:50.0%"></i><u style="left:50.0%;right:calc(100% - 50.0%)"></u>');
    expect(page).toContain("0.5000 ± 0.0000");
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("draws the curves of few variants in one chart, those of many apart", () => {
    const pageOf = (count: number): string => {
      const names = Array.from({ length: count }, (_, index) => `v${index}`);
      const all = names.map((variant) => ({ variant, size, task }));
      return renderSweep(
        "spec.ts",
        "",
        summarizeSweep(
          "accuracy",
          all,
          names.map((name) => runOf(name, 0, [0.9, 0.1])),
        ),
      );
    };
    const charts = (page: string): number => page.match(/<figure class="chart">/g)?.length ?? 0;
    expect([charts(pageOf(5)), charts(pageOf(6))]).toStrictEqual([4, 9]);
  });
});
