import { expect, test } from "vitest";
import { analyse } from "../../../../../runtime/metrics/analyse.ts";
import { summarize } from "../../../../../runtime/metrics/summarize.ts";
import { precisionRecallSection } from "../../../../../runtime/report/html/sections/precision-recall-section.ts";

const classes = ["dog", "rain", "siren"];

/** A section of these clips' targets; each clip scores 0.9 for its first class, less for each next. */
const draw = (targets: readonly (readonly number[])[]): string => {
  const scores = Float32Array.from(
    targets.flatMap((_, clip) => classes.map((_, index) => 0.9 - clip / 10 - index / 5)),
  );
  const predictions = { logits: scores, scores, targets: Float32Array.from(targets.flat()) };
  const model = { objective: "multi-label", classes } as const;
  const { perClass } = analyse(predictions, model);
  const rows = summarize(predictions, model).perClass.flatMap((summary, index) => {
    const analysis = perClass[index];
    return analysis ? [{ ...summary, ...analysis }] : [];
  });
  return precisionRecallSection({ objective: "multi-label", confusion: null, perClass: rows }).markup;
};
const charts = (markup: string): (string | undefined)[] =>
  [...markup.matchAll(/<b><bdi>([^<]*)</g)].map(([, title]) => title);

test("the mean of the classes that have clips, then those that could be better, the worst first", () => {
  const markup = draw([
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 0],
  ]);
  expect(charts(markup)).toStrictEqual(["Mean of 2 classes", "rain"]);
  expect(markup).toContain(">mAP 0.7500<");
  expect(markup).toContain(">AP 0.5000<");
});

test("no class has clips", () => {
  const markup = draw([[0, 0, 0]]);
  expect(charts(markup)).toStrictEqual([]);
  expect(markup).toContain("No class has a curve: there are no clips.");
});
