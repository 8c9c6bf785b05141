/** A run's report: one page that needs nothing else. */
import { classesSection } from "./sections/classes-section.ts";
import { confusionSection } from "./sections/confusion-section.ts";
import { curvesSection } from "./sections/curves-section.ts";
import { headSection } from "./sections/head-section.ts";
import { html, type Html } from "../../text/html.ts";
import { precisionRecallSection } from "./sections/precision-recall-section.ts";
import type { ReportData } from "./sections/report-data.ts";
import { style } from "./style.ts";
import { worstClipsSection } from "./sections/worst-clips-section.ts";

/** Nothing is loaded but what the page holds, and sounds from files beside it; no script runs. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self' file: data:; base-uri 'none'; form-action 'none'";

const missingSection = (heading: Html, reason: string): Html =>
  html`<section>
    ${heading}
    <p class="missing">${reason}</p>
  </section>`;

export const renderReport = (data: ReportData): string => {
  const { title, events, graph, evaluation, worstClips } = data;
  const sections =
    "missing" in evaluation
      ? html`<p class="missing">${evaluation.missing}</p>`
      : html`${confusionSection(evaluation)} ${classesSection(evaluation)} ${precisionRecallSection(evaluation)}`;
  const clips =
    "missing" in worstClips
      ? missingSection(html`<h3>Worst clips</h3>`, worstClips.missing)
      : worstClipsSection(worstClips);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="referrer" content="no-referrer" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}: training report</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        ${headSection(data)}
        <main>
          ${events.steps.length > 0 ? curvesSection(events) : missingSection(html`<h2>Training</h2>`, "The run has not taken a step yet.")}
          <h2 class="part">Evaluation of ${graph}</h2>
          ${sections} ${clips}
        </main>
      </body>
    </html> `;
  return page.markup;
};
