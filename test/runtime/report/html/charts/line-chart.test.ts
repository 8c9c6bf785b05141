import { expect, test } from "vitest";
import { type Series, lineChart } from "../../../../../runtime/report/html/charts/line-chart.ts";

const draw = (points: Series["points"]): string =>
  lineChart({ title: "t", xLabel: "x", series: [{ label: "<s>", color: 1, kind: "marked", points }] }).markup;

test("points lie where the axes say", () => {
  const { markup } = lineChart({
    title: "t",
    xLabel: "x",
    x: [0, 10],
    y: [0, 1],
    series: [
      {
        label: "s",
        color: 1,
        kind: "line",
        points: [
          { x: 0, y: 0 },
          { x: 10, y: 0.5 },
        ],
      },
    ],
  });
  expect(markup).toContain(`d="M0 100L100 50"`);
});

test("one point, none, equal values and values that are not finite", () => {
  const constant = draw([
    { x: 1, y: 2 },
    { x: 2, y: 2 },
  ]);
  for (const markup of [
    draw([]),
    draw([{ x: 3, y: 0 }]),
    draw([
      { x: 1, y: 1 },
      { x: 2, y: NaN },
    ]),
    constant,
  ]) {
    expect(markup).not.toMatch(/NaN|Infinity/);
  }
  expect(draw([{ x: 1, y: 1 }])).toContain("&lt;s&gt;: 1");
});

test("text keeps its size at any width: only lines are in a drawing that is stretched", () => {
  const markup = draw([
    { x: 0, y: 0 },
    { x: 4, y: 20 },
  ]);
  const [, stretched = ""] = markup.match(/<svg class="lines" viewBox="0 0 100 100" [^>]*>([^]*?)<\/svg>/) ?? [];
  expect(stretched.trim()).toBe(`<path class="marked color-1" d="M0 100L100 4.76" />`);
  expect(markup.match(/viewBox/g)).toHaveLength(1);
  expect(markup.replaceAll(/>\s+</g, "><")).toContain(
    `<svg x="25%" y="100%"><line class="tick" y2="4" /><text y="1.4em" text-anchor="middle">1</text></svg>`,
  );
});

test("a chart in words", () => {
  const markup = draw([
    { x: 1, y: 3 },
    { x: 2, y: 1.23456 },
    { x: 3, y: 2 },
  ]);
  expect(markup).toContain(`<svg role="img" aria-label="t">`);
  expect(markup).toContain("<desc>&lt;s&gt;: 3 at x 1, 2 at x 3; between 1.235 and 3.</desc>");
  expect(draw([{ x: 1, y: 3 }])).toContain("<desc>&lt;s&gt;: 3 at x 1.</desc>");
});
