/** A run's report: one page that needs nothing else. */
import { classesSection } from "./classes-section.ts";
import { confusionSection } from "./confusion-section.ts";
import { curvesSection } from "./curves-section.ts";
import { headSection } from "./head-section.ts";
import { html, type Html } from "./html.ts";
import { precisionRecallSection } from "./precision-recall-section.ts";
import type { ReportData } from "./report-data.ts";
import { style } from "./style.ts";
import { worstClipsSection } from "./worst-clips-section.ts";

const missingSection = (title: string, reason: string): Html =>
  html`<section>
    <h2>${title}</h2>
    <p class="missing">${reason}</p>
  </section>`;

export const renderReport = (data: ReportData): string => {
  const { title, events, graph, evaluation, worstClips } = data;
  const sections =
    "missing" in evaluation
      ? missingSection("Evaluation", evaluation.missing)
      : html`<h2 class="part">Evaluation of ${graph}</h2>
          ${confusionSection(evaluation)} ${classesSection(evaluation)} ${precisionRecallSection(evaluation)}`;
  const clips =
    "missing" in worstClips ? missingSection("Worst clips", worstClips.missing) : worstClipsSection(worstClips);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}: training report</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        ${headSection(data)}
        ${events.steps.length > 0 ? curvesSection(events) : missingSection("Training", "The run has not taken a step yet.")}
        ${sections} ${clips}
      </body>
    </html> `;
  return page.markup;
};
