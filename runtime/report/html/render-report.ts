/** A run's report: one page that needs nothing else. */
import { classesSection } from "./sections/classes-section.ts";
import { confusionSection } from "./sections/confusion-section.ts";
import { curvesSection } from "./sections/curves-section.ts";
import { headSection } from "./sections/head-section.ts";
import { html, type Html } from "../../text/html.ts";
import { renderPage } from "./render-page.ts";
import { precisionRecallSection } from "./sections/precision-recall-section.ts";
import type { ReportData } from "./sections/report-data.ts";
import { worstClipsSection } from "./sections/worst-clips-section.ts";

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
  return renderPage(
    `${title}: training report`,
    html`${headSection(data)}
      <main>
        ${events.steps.length > 0 ? curvesSection(events) : missingSection(html`<h2>Training</h2>`, "The run has not taken a step yet.")}
        <h2 class="part">Evaluation of ${graph}</h2>
        ${sections} ${clips}
      </main>`,
  );
};
