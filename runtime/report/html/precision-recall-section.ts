import { formatFigure } from "../format-number.ts";
import type { PrecisionRecallCurve } from "../../metrics/precision-recall-curve.ts";
import { byAveragePrecision } from "./classes-section.ts";
import { type Point, thinCurve } from "./curves.ts";
import { html, type Html } from "./html.ts";
import { lineChart } from "./line-chart.ts";
import type { EvaluationReport } from "./report-data.ts";

const shown = 6;
const mostPoints = 400;

/** The area below is the average precision: from one recall to the next higher one, the latter's precision holds. */
const toSteps = ({ precisions, recalls }: PrecisionRecallCurve): readonly Point[] =>
  [...recalls].flatMap((recall, index) => {
    const precision = precisions[index] ?? 0;
    return index + 1 < recalls.length
      ? [
          { x: recall, y: precision },
          { x: recalls[index + 1] ?? 0, y: precision },
        ]
      : [];
  });

/** Precision against recall of the classes that are not perfect, with the lowest average precision. */
export const precisionRecallSection = ({ perClass }: EvaluationReport): Html => {
  const worst = perClass
    .filter(({ averagePrecision }) => averagePrecision !== null && averagePrecision < 1)
    .sort(byAveragePrecision);
  const charts = worst.slice(0, shown).flatMap(({ label, averagePrecision, curve, best }) =>
    curve
      ? [
          lineChart({
            title: label,
            xLabel: "recall",
            x: [0, 1],
            y: [0, 1.02],
            size: { width: 340, height: 230 },
            series: [
              {
                label: `precision (AP ${formatFigure(averagePrecision)})`,
                color: 1,
                kind: "line",
                points: thinCurve(toSteps(curve), mostPoints),
              },
              {
                label: "best F1",
                color: 2,
                kind: "marked",
                points: best ? [{ x: best.recall, y: best.precision }] : [],
              },
            ],
          }),
        ]
      : [],
  );
  return html`<section>
    <h2>Precision and recall of the worst classes</h2>
    ${charts.length > 0 ? html`<div class="charts small">${charts}</div>` : html`<p class="missing">No class has a curve that could be better: every average precision is 1, or there are no clips.</p>`}
  </section>`;
};
