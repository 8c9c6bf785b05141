/** What a calibration found, as a page. */
import { formatFigure } from "../../../compiler/artifact/format-number.ts";
import type { CalibrationResult, Measured } from "../../evaluate/calibrate.ts";
import type { ReliabilityBin } from "../../metrics/calibration-error.ts";
import { html, type Html } from "../../text/html.ts";
import { describeDecisions } from "../terminal/describe-decisions.ts";
import { lineChart, type Series } from "./charts/line-chart.ts";
import { renderPage } from "./render-page.ts";

const seriesOf = (label: string, color: Series["color"], bins: readonly ReliabilityBin[]): Series => ({
  label,
  color,
  kind: "marked",
  points: bins.filter(({ count }) => count > 0).map(({ score, share }) => ({ x: score, y: share })),
});

const truthful: Series = {
  label: "as often as the score says",
  color: 3,
  kind: "line",
  points: [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
  ],
};

/** A reliability diagram: how often what a score says is so. */
export const reliabilityDiagram = ({ before, after }: Pick<CalibrationResult, "before" | "after">): Html =>
  lineChart({
    title: "Reliability",
    xLabel: "score",
    x: [0, 1],
    y: [0, 1],
    series: [seriesOf("before", 2, before.reliability), seriesOf("calibrated", 1, after.reliability), truthful],
  });

const row = (name: string, { ece, nll }: Measured): Html =>
  html`<tr>
    <th scope="row">${name}</th>
    <td class="number">${formatFigure(ece)}</td>
    <td class="number">${formatFigure(nll)}</td>
  </tr>`;

export const renderCalibration = (graph: string, classes: readonly string[], result: CalibrationResult): string =>
  renderPage(
    `${graph}: calibration`,
    html`<header>
        <h1>${graph}</h1>
        <p>Measured on clips that had no part in the fit: each fifth of them by what is fitted on the others.</p>
        <table>
          <thead>
            <tr>
              <th></th>
              <th scope="col">ECE</th>
              <th scope="col">NLL</th>
            </tr>
          </thead>
          <tbody>
            ${row("before", result.before)} ${row("calibrated", result.after)}
          </tbody>
        </table>
      </header>
      <main>
        <div class="charts">${reliabilityDiagram(result)}</div>
        <dl>
          ${Object.entries(describeDecisions(result.decisions, classes)).map(
            ([name, value]) =>
              html`<dt>${name}</dt>
                <dd>${value}</dd>`,
          )}
        </dl>
      </main>`,
  );
