import { expect, test } from "vitest";
import { lineChart, type Series } from "../../../../runtime/report/html/line-chart.ts";

const draw = (points: Series["points"]): string =>
  lineChart({ title: "t", xLabel: "x", series: [{ label: "<s>", color: 1, kind: "marked", points }] }).markup;

test("points lie where the axes say", () => {
  const { markup } = lineChart({
    title: "t",
    xLabel: "x",
    x: [0, 10],
    y: [0, 1],
    size: { width: 166, height: 148 }, // 100 by 100 within the margins
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
  expect(markup).toContain(`d="M52 110L152 60"`);
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
