import { expect, test } from "vitest";
import { analyse } from "../../../../runtime/metrics/analyse.ts";
import { summarize } from "../../../../runtime/metrics/summarize.ts";
import { renderReport } from "../../../../runtime/report/html/render-report.ts";
import type { EvaluationReport, ReportData } from "../../../../runtime/report/html/report-data.ts";

const script = "<script>alert(1)</script>";

const events: ReportData["events"] = {
  steps: [1, 2, 3, 4].map((step) => ({ event: "step", epoch: Math.ceil(step / 2), step, loss: 1 / step, lr: 0.1 })),
  evaluations: [1, 2].map((epoch) => ({
    event: "eval",
    epoch,
    step: epoch * 2,
    trainLoss: 0.5,
    best: epoch === 2,
    clips: 3,
    loss: 0.25,
    accuracy: 0.75,
    mAP: null,
    AUC: 0.875,
    dPrime: 1.5,
  })),
  averaged: null,
  tests: [],
};

/** Three clips: the first two are right, the third, of class 0, is taken for class 1. */
const evaluate = (objective: EvaluationReport["objective"], classes: readonly string[]): EvaluationReport => {
  const scores = Float32Array.of(0.9, 0.1, 0.2, 0.8, 0.3, 0.7);
  const predictions = { logits: scores, scores, targets: Float32Array.of(1, 0, 0, 1, 1, 0) };
  const { confusion, perClass } = analyse(predictions, { objective, classes });
  const analyses = new Map(perClass.map((analysis) => [analysis.label, analysis]));
  const rows = summarize(predictions, { objective, classes }).perClass.flatMap((summary) => {
    const analysis = analyses.get(summary.label);
    return analysis ? [{ ...summary, ...analysis }] : [];
  });
  return { objective, confusion, perClass: rows };
};

const report: ReportData = {
  title: "esc",
  command: "runtime train esc.onnx",
  run: [["data", "clips"]],
  environment: [["device", "CPU"]],
  events,
  graph: "best.onnx",
  evaluation: evaluate("single-label", ["dog", "rain"]),
  worstClips: [
    {
      name: "clips/a/1.wav",
      loss: 1.25,
      labels: [{ label: "dog", score: 0.3, isTrue: true }],
      spectrogram: { dataUri: "data:image/png;base64,AAAA", seconds: 5 },
    },
  ],
};

const headings = (page: string): (string | undefined)[] =>
  [...page.matchAll(/<h2[^>]*>([^<]*)</g)].map(([, text]) => text);

test("a run with everything", () => {
  const page = renderReport(report);
  expect(headings(page)).toStrictEqual([
    "Best epoch: 2",
    "Command",
    "Run",
    "Environment",
    "Training",
    "Evaluation of best.onnx",
    "Confusions",
    "Classes",
    "Precision and recall",
    "Worst clips",
  ]);
  expect(page).toContain("dog → rain: 1 (50 %)");
  expect(page).toContain("The average precision of every class is 1.");
  expect(page).toContain(`src="data:image/png;base64,AAAA"`);
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

test("the page asks for nothing from elsewhere", () => {
  expect(renderReport(report)).not.toMatch(/<script|<link|@import|url\(|https?:/);
});

test("a multi-label model has no confusions, and its classes' thresholds", () => {
  const page = renderReport({ ...report, evaluation: evaluate("multi-label", ["dog", "rain"]) });
  expect(headings(page)).not.toContain("Confusions");
  expect(page).toContain(`<td class="number">0.300</td>`);
});

test("what comes from the user is text", () => {
  const page = renderReport({
    ...report,
    title: script,
    command: script,
    run: [[script, script]],
    environment: [[script, script]],
    graph: script,
    evaluation: evaluate("single-label", [script, `"${script}`]),
    worstClips: [
      {
        name: script,
        loss: 1,
        labels: [{ label: script, score: 1, isTrue: false }],
        spectrogram: { missing: script },
      },
      { name: script, loss: 1, labels: [], spectrogram: { dataUri: `"${script}`, seconds: 1 } },
    ],
  });
  expect(page).not.toContain("<script");
  expect(page.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(20);
});

test("sections say what is missing", () => {
  const page = renderReport({
    ...report,
    events: { steps: [], evaluations: [], averaged: null, tests: [] },
    evaluation: { missing: "No answers." },
    worstClips: { missing: "No clips." },
  });
  const reasons = [...page.matchAll(/<p class="missing">([^<]*)</g)].map(([, text]) => text);
  expect(reasons).toStrictEqual([
    "The run has not evaluated an epoch yet.",
    "The run has not taken a step yet.",
    "No answers.",
    "No clips.",
  ]);
});

test("AudioSet's 527 classes and 200 epochs make a page below a megabyte", () => {
  const [row] = evaluate("multi-label", ["dog", "rain"]).perClass;
  const [step] = events.steps;
  const [evaluation] = events.evaluations;
  if (!row || !step || !evaluation) throw new Error("there are rows");
  const repeat = <Item>(count: number, create: (index: number) => Item): Item[] =>
    Array.from({ length: count }, (_, index) => create(index));
  const page = renderReport({
    ...report,
    events: {
      steps: repeat(300_000, (index) => ({ ...step, step: index + 1, loss: 0.5 + (index % 7) / 10 })),
      evaluations: repeat(200, (index) => ({ ...evaluation, epoch: index + 1, step: (index + 1) * 1500 })),
      averaged: null,
      tests: [],
    },
    evaluation: {
      objective: "multi-label",
      confusion: null,
      perClass: repeat(527, (index) => ({ ...row, label: `class ${index}` })),
    },
  });
  expect(page.length).toBeLessThan(1e6);
});
