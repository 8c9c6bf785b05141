import { formatFigure } from "../../../../compiler/artifact/format-number.ts";
import { barCell } from "../charts/bar-cell.ts";
import { type Html, html, scrollBox } from "../../../text/html.ts";
import type { EvaluationReport } from "./report-data.ts";

type ClassRow = EvaluationReport["perClass"][number];

/** By average precision, the worst first; classes without one last. */
export const byAveragePrecision = (a: ClassRow, b: ClassRow): number =>
  (a.averagePrecision ?? 2) - (b.averagePrecision ?? 2);

const numbers = (values: readonly (string | number)[]): readonly Html[] =>
  values.map((value) => html`<td class="number">${value}</td>`);

/** A threshold may be very small. */
const formatThreshold = (value: number): string => (value >= 0.001 ? value.toFixed(3) : value.toExponential(1));

const classRow = ({ label, clips, averagePrecision, rocArea, dPrime, best }: ClassRow): Html => {
  const atThreshold = best
    ? [
        formatThreshold(best.threshold),
        formatFigure(best.precision),
        formatFigure(best.recall),
        best.truePositives,
        best.falsePositives,
        best.falseNegatives,
      ]
    : ["-", "-", "-", "-", "-", "-"];
  return html`<tr>
    <th scope="row"><bdi>${label}</bdi></th>
    ${numbers([clips])}${barCell(averagePrecision)}
    ${numbers([formatFigure(rocArea), formatFigure(dPrime)])}${barCell(best?.f1 ?? null)} ${numbers(atThreshold)}
  </tr>`;
};

/** Every class's figures, and its best threshold with what that finds and misses. */
export const classesSection = ({ perClass }: EvaluationReport): Html => {
  const without = perClass.filter(({ clips }) => clips === 0).length;
  return html`<section>
    <h3>Classes</h3>
    <p>
      By average precision, the worst first. The threshold is the one of the highest F1: a clip that scores at or above
      it is taken for one of the class, and precision, recall and counts are what that gives.
      ${without > 0 ? `${without} of ${perClass.length} classes have no clip.` : ""}
    </p>
    <p class="hint">The table scrolls sideways: more columns are to the right.</p>
    ${scrollBox(
      "figures of every class",
      html`<table class="classes">
        <thead>
          <tr>
            <th scope="col">class</th>
            ${[
              "clips",
              "AP",
              "AUC",
              "d′",
              "best F1",
              "threshold",
              "precision",
              "recall",
              "found",
              "false",
              "missed",
            ].map((name) => html`<th scope="col" class="number">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${perClass.toSorted(byAveragePrecision).map(classRow)}
        </tbody>
      </table>`,
    )}
  </section>`;
};
