/** A sweep as a page: its table, what each figure costs, and how it was learned. */
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatExact,
  formatFigure,
} from "../../../compiler/artifact/format-number.ts";
import type { SweepResult, VariantResult } from "../../sweep/summarize-sweep.ts";
import { html, type Html, scrollBox } from "../../text/html.ts";
import { describeSweepColumns } from "../terminal/format-sweep.ts";
import { deviationCell } from "./charts/deviation-cell.ts";
import { lineChart, type Range, type Series } from "./charts/line-chart.ts";
import { renderPage } from "./render-page.ts";

const colors = [1, 2, 3, 4, 5] as const;
const colorOf = (index: number): Series["color"] => colors[index % colors.length] ?? 1;

const count = (value: number | null): string => (value === null ? "-" : formatExact(value));

const tableSection = (result: SweepResult): Html => {
  const { figure, variants } = result;
  const hasEnsembles = variants.some(({ ensemble }) => ensemble !== null);
  // Shares of 1 are bars of the whole; what may be more is measured by the largest.
  const most = Math.max(1, ...variants.map(({ spread }) => spread.mean + (spread.deviation ?? 0)));
  const row = ({ variant, spread, ensemble, ...size }: VariantResult): Html =>
    html`<tr>
      <th scope="row"><bdi>${variant}</bdi></th>
      <td class="number">${count(size.patches)}</td>
      <td class="number">${count(size.tokens)}</td>
      <td class="number">${formatCount(size.parameters)}</td>
      <td class="number">${formatCount(size.flops)}</td>
      <td class="number">${formatBytes(size.memoryBytes)}</td>
      <td class="number">${size.seconds === null ? "-" : formatDuration(size.seconds)}</td>
      ${deviationCell(spread, most)} ${hasEnsembles ? html`<td class="number">${formatFigure(ensemble)}</td>` : null}
    </tr>`;
  const headings = ["patches", "tokens", "parameters", "FLOPs", "memory", "time"];
  return html`<section>
    <h2>Variants</h2>
    <p>${describeSweepColumns(result)}.</p>
    ${scrollBox(
      "Variants",
      html`<table class="classes">
        <thead>
          <tr>
            <th scope="col">variant</th>
            ${headings.map((heading) => html`<th scope="col" class="number">${heading}</th>`)}
            <th scope="col">${figure}</th>
            ${hasEnsembles ? html`<th scope="col" class="number">ensemble</th>` : null}
          </tr>
        </thead>
        <tbody>
          ${variants.map(row)}
        </tbody>
      </table>`,
    )}
  </section>`;
};

/** Some room beside the first and the last point; undefined where all are one. */
const roomFor = (values: readonly number[]): Range | undefined => {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = (most - least) * 0.05;
  return room > 0 ? [least - room, most + room] : undefined;
};

/** The figure of each variant over what it costs, with a line from a deviation below to one above. */
const costChart = (
  { figure, variants }: SweepResult,
  xLabel: string,
  costOf: (variant: VariantResult) => number | null,
): Html | null => {
  const series = variants.flatMap((variant, index): readonly Series[] => {
    const x = costOf(variant);
    if (x === null) return [];
    const { mean, deviation } = variant.spread;
    const color = colorOf(index);
    const point: Series = { label: variant.variant, color, kind: "marked", points: [{ x, y: mean }] };
    if (deviation === null) return [point];
    const points = [mean - deviation, mean + deviation].map((y) => ({ x, y }));
    return [{ ...point, kind: "faint", points }, point];
  });
  const x = roomFor(series.flatMap(({ points }) => points.map((point) => point.x)));
  return series.length === 0 ? null : lineChart({ title: `${figure} by ${xLabel}`, xLabel, x, series });
};

const workChart = ({ variants }: SweepResult): Html | null => {
  const points = variants
    .flatMap(({ tokens, flops }) => (tokens === null ? [] : [{ x: tokens, y: flops / 1e9 }]))
    .toSorted((a, b) => a.x - b.x);
  if (points.length < 2) return null;
  const series: readonly Series[] = [{ label: "GFLOPs", color: 1, kind: "marked", points }];
  const x = roomFor(points.map((point) => point.x));
  return lineChart({ title: "Work of a clip by its tokens", xLabel: "tokens", x, series });
};

const costsSection = (result: SweepResult): Html =>
  html`<section>
    <h2>What it costs</h2>
    <div class="charts">
      ${costChart(result, "GFLOPs", ({ flops }) => flops / 1e9)} ${costChart(result, "tokens", ({ tokens }) => tokens)}
      ${workChart(result)}
    </div>
  </section>`;

/** Of runs the mean after each epoch that all have. */
const meanCurve = ({ runs }: VariantResult): Series["points"] => {
  const epochs = Math.min(...runs.map((run) => run.epochs.length));
  return Array.from({ length: epochs }, (_, index) => ({
    x: index + 1,
    y: runs.reduce((sum, run) => sum + (run.epochs[index] ?? NaN), 0) / runs.length,
  }));
};

const learningSection = ({ figure, variants }: SweepResult): Html => {
  const curves = variants.map((variant, index): readonly Series[] => {
    const color = colorOf(index);
    const { runs } = variant;
    const own = runs.map(({ epochs }): Series => {
      const points = epochs.map((y, epoch) => ({ x: epoch + 1, y }));
      return { label: variant.variant, color, kind: "faint", points };
    });
    return [
      ...(runs.length > 1 ? own : []),
      { label: variant.variant, color, kind: "marked", points: meanCurve(variant) },
    ];
  });
  const all = curves.flat().flatMap(({ points }) => points.filter(({ y }) => Number.isFinite(y)));
  const x = [1, Math.max(2, ...all.map((point) => point.x))] as const;
  const y = [Math.min(...all.map((point) => point.y)), Math.max(...all.map((point) => point.y))] as const;
  // More lines than colours are drawn apart, on the same scale.
  const charts =
    variants.length <= colors.length
      ? lineChart({ title: figure, xLabel: "epoch", x, series: curves.flat() })
      : curves.map((series, index) =>
          lineChart({ title: variants[index]?.variant ?? "", xLabel: "epoch", x, y, series }),
        );
  return html`<section>
    <h2>How it was learned</h2>
    <p>
      ${figure} on the clips for evaluation after each epoch; a faint line is a run, a marked one the mean of a
      variant's.
    </p>
    <div class="charts${variants.length <= colors.length ? "" : " small"}">${charts}</div>
  </section>`;
};

const runsSection = ({ figure, variants }: SweepResult): Html => {
  const rows = variants.flatMap(({ variant, runs }) =>
    runs.map(({ seed, fold, value, seconds }) => {
      const folder = `${encodeURIComponent(variant)}/seed-${seed}${fold === null ? "" : `/fold-${fold}`}`;
      return html`<tr>
        <th scope="row">
          <a href="${folder}/report.html"><bdi>${variant}</bdi></a>
        </th>
        <td class="number">${seed}</td>
        <td class="number">${fold ?? "-"}</td>
        <td class="number">${formatFigure(value)}</td>
        <td class="number">${seconds === null ? "-" : formatDuration(seconds)}</td>
      </tr>`;
    }),
  );
  const headings = ["seed", "fold", figure, "time"];
  return html`<section>
    <h2>Runs</h2>
    ${scrollBox(
      "Runs",
      html`<table>
        <thead>
          <tr>
            <th scope="col">report</th>
            ${headings.map((heading) => html`<th scope="col" class="number">${heading}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>`,
    )}
  </section>`;
};

/**
 * @param spec its path, by which the page is called
 * @param command as a shell takes it
 */
export const renderSweep = (spec: string, command: string, result: SweepResult): string => {
  const { figure, ensemble } = result;
  return renderPage(
    `${spec}: sweep`,
    html`<header>
        <h1><bdi>${spec}</bdi></h1>
        <pre><code>${command}</code></pre>
        ${
          ensemble === null
            ? null
            : html`<h2>All ${ensemble.runs} together</h2>
                <div class="tiles">
                  <div><b>${formatFigure(ensemble.value)}</b><span>${figure} of the mean of their scores</span></div>
                </div>`
        }
      </header>
      <main>${tableSection(result)} ${costsSection(result)} ${learningSection(result)} ${runsSection(result)}</main>`,
  );
};
