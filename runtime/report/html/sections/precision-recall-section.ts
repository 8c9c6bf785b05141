import { formatFigure } from "../../../../compiler/artifact/format-number.ts";
import type { PrecisionRecallCurve } from "../../../metrics/precision-recall-curve.ts";
import { byAveragePrecision } from "./classes-section.ts";
import { type Point, macroCurve, thinCurve } from "../charts/curves.ts";
import { html, type Html } from "../../../text/html.ts";
import { lineChart, type LineChart } from "../charts/line-chart.ts";
import type { EvaluationReport } from "./report-data.ts";

/** Beside the mean of all: rows of three. */
const shown = 5;
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

type ClassRow = EvaluationReport["perClass"][number];

const chart = (title: string, series: LineChart["series"]): Html =>
  lineChart({ title, xLabel: "recall", x: [0, 1], y: [0, 1], series });

/** All classes in one curve. */
const macroChart = (perClass: readonly ClassRow[]): Html | null => {
  const curves = perClass.flatMap(({ curve }) => curve ?? []);
  if (curves.length === 0) return null;
  const areas = perClass.flatMap(({ averagePrecision }) => averagePrecision ?? []);
  const mAP = areas.reduce((sum, area) => sum + area, 0) / areas.length;
  const label = `mAP ${formatFigure(mAP)}`;
  return chart(`Mean of ${curves.length} classes`, [{ label, color: 1, kind: "line", points: macroCurve(curves) }]);
};

const classChart = ({ label, averagePrecision, curve, best }: ClassRow): Html | null =>
  curve &&
  chart(label, [
    {
      label: `AP ${formatFigure(averagePrecision)}`,
      color: 1,
      kind: "line",
      points: thinCurve(toSteps(curve), mostPoints),
    },
    { label: "best F1", color: 2, kind: "marked", points: best ? [{ x: best.recall, y: best.precision }] : [] },
  ]);

/** Precision against recall: of all classes together, and of those with the lowest average precision that are not perfect. */
export const precisionRecallSection = ({ perClass }: EvaluationReport): Html => {
  const worst = perClass
    .filter(({ averagePrecision }) => averagePrecision !== null && averagePrecision < 1)
    .sort(byAveragePrecision)
    .slice(0, shown);
  const mean = macroChart(perClass);
  return html`<section>
    <h3>Precision and recall</h3>
    ${
      mean
        ? html`<p>
              The mean of the classes' precisions at equal
              recall${worst.length > 0 ? ", and the classes with the lowest average precision" : ""}.
              ${worst.length === 0 ? "The average precision of every class is 1." : null}
            </p>
            <div class="charts small">${mean} ${worst.map(classChart)}</div>`
        : html`<p class="missing">No class has a curve: there are no clips.</p>`
    }
  </section>`;
};
