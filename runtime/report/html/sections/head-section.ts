import { basename } from "node:path";
import { formatFigure } from "../../../../compiler/artifact/format-number.ts";
import type { Figures } from "../../../metrics/figures.ts";
import { html, type Html } from "../../../text/html.ts";
import { bestEvaluation } from "../../../runs/run-events.ts";
import type { Fact, ReportData } from "./report-data.ts";

const formatLoss = (loss: number): string => (Number.isFinite(loss) ? formatFigure(loss) : "not finite");

const tiles = ({ accuracy, mAP, AUC, dPrime, loss, background }: Figures): Html =>
  html`<div class="tiles">
    ${Object.entries({
      accuracy: formatFigure(accuracy),
      mAP: formatFigure(mAP),
      AUC: formatFigure(AUC),
      "d′": formatFigure(dPrime),
      loss: formatLoss(loss),
      ...(background ? { "false alarms": formatFigure(background.falseAlarms) } : {}),
    }).map(([name, value]) => html`<div><b>${value}</b><span>${name}</span></div>`)}
  </div>`;

const factList = (facts: readonly Fact[]): Html =>
  html`<dl>
    ${facts.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`;

/** What was run, on what, and how good it became. */
export const headSection = ({ title, command, run, environment, events }: ReportData): Html => {
  const best = bestEvaluation(events.evaluations);
  const { averaged, tests } = events;
  return html`<header>
    <h1>${title}</h1>
    ${
      best
        ? html`<h2>Best epoch: ${best.epoch}</h2>
            ${tiles(best)}`
        : html`<p class="missing">The run has not evaluated an epoch yet.</p>`
    }
    ${
      averaged &&
      html`<h2>Mean of the parameters of ${averaged.epochs} epochs</h2>
        ${tiles(averaged)}`
    }
    ${tests.map(
      (test) =>
        html`<h2>Test clips, ${basename(test.graph)}</h2>
          ${tiles(test)}`,
    )}
    ${
      command === ""
        ? null
        : html`<h2>Command</h2>
            <pre><code>${command}</code></pre>`
    }
    <div class="columns">
      <section>
        <h2>Run</h2>
        ${factList(run)}
      </section>
      <section>
        <h2>Environment</h2>
        ${factList(environment)}
      </section>
    </div>
  </header>`;
};
