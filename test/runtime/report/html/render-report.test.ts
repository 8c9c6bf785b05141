import { expect, test } from "vitest";
import { analyse } from "../../../../runtime/metrics/analyse.ts";
import { summarize } from "../../../../runtime/metrics/summarize.ts";
import { renderReport } from "../../../../runtime/report/html/render-report.ts";
import type { EvaluationReport, ReportData } from "../../../../runtime/report/html/sections/report-data.ts";

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
      sounds: ["../../clips/a/1.wav", "file:///home/me/clips/a/1.wav"],
    },
  ],
};

const headings = (page: string): (string | undefined)[] =>
  [...page.matchAll(/<h[123][^>]*>([^<]*)</g)].map(
    ([text]) => text.slice(1, 3) + text.slice(text.indexOf(">") + 1, -1),
  );

test("a run with everything", () => {
  const page = renderReport(report);
  expect(headings(page)).toStrictEqual([
    "h1esc",
    "h2Best epoch: 2",
    "h2Command",
    "h2Run",
    "h2Environment",
    "h2Training",
    "h2Evaluation of best.onnx",
    "h3Confusions",
    "h3Classes",
    "h3Precision and recall",
    "h3Worst clips",
  ]);
  expect(page).toContain("<title>&#x2068;dog&#x2069; → &#x2068;rain&#x2069;: 1 (50 %)</title>");
  expect(page).toContain("The average precision of every class is 1.");
  expect(page).toContain(`src="data:image/png;base64,AAAA"`);
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

test("the page asks for nothing from elsewhere, and may not", () => {
  const page = renderReport(report);
  expect(page).not.toMatch(/<script|<link|@import|url\(|https?:/);
  const [, policy] = page.match(/<meta\s+http-equiv="Content-Security-Policy"\s+content="([^"]*)"/) ?? [];
  expect(policy?.replaceAll("&#39;", "'").split("; ")).toStrictEqual([
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    "img-src data:",
    "media-src 'self' file: data:",
    "base-uri 'none'",
    "form-action 'none'",
  ]);
});

/** What is between a page's worst clips' heading and its end, without the white space between elements. */
const clipsOf = (clip: Partial<Extract<ReportData["worstClips"], readonly unknown[]>[number]>): string => {
  const [first] = "missing" in report.worstClips ? [] : report.worstClips;
  if (!first) throw new Error("there is a clip");
  const page = renderReport({ ...report, worstClips: [{ ...first, ...clip }] });
  return page.slice(page.indexOf("<h3>Worst clips")).replaceAll(/\s+/g, " ").replaceAll("> <", "><");
};
const silent = "Players read the files, which are not part of this page: sent without them, it is silent.";

test("a clip's file is linked and played", () => {
  const markup = clipsOf({});
  expect(markup).toContain(`<b><a href="../../clips/a/1.wav"><bdi>1.wav</bdi></a></b><span>loss 1.2500</span>`);
  expect(markup).toContain(
    `<audio controls preload="none" aria-label="clips/a/1.wav"><source src="../../clips/a/1.wav" /><source src="file:///home/me/clips/a/1.wav" /></audio>`,
  );
  expect(markup).toContain(`Files are in <bdi>clips/a/</bdi>. ${silent}`);
});

test("an embedded sound is played from the page, one out of reach is not", () => {
  const embedded = clipsOf({ name: "tone 1 (embedded)", sounds: ["data:audio/wav;base64,AAAA"] });
  expect(embedded).toContain(`<b><bdi>tone 1 (embedded)</bdi></b>`);
  expect(embedded).toContain(`<source src="data:audio/wav;base64,AAAA" /></audio>`);
  const none = clipsOf({ sounds: [] });
  expect(none).toContain("<b><bdi>1.wav</bdi></b>");
  expect(none).not.toContain("<audio");
  for (const markup of [embedded, none]) expect(markup).not.toContain(silent);
});

test("the table of classes scrolls in a box of its own, which keys reach, and says so", () => {
  const page = renderReport(report).replaceAll(/\s+/g, " ");
  expect(page).toContain(
    `<p class="hint">The table scrolls sideways: more columns are to the right.</p> <div class="scroll" role="region" aria-label="figures of every class" tabindex="0"><table class="classes">`,
  );
  expect(page).toContain(`<th scope="row"><bdi>dog</bdi></th>`);
  expect(page).not.toMatch(/<th(?! scope=| *ead)/);
});

test("labels of a matrix are shortened by their width, and whole in a tooltip", () => {
  const [spaced, square] = ["Domestic animals, pets", "咳嗽的声音和狗叫声以及雨声"];
  const short = renderReport({ ...report, evaluation: evaluate("single-label", [spaced, square]) });
  expect(short).toContain(`>${spaced}</text`);
  expect(short).toContain(`>${square}</text`);
  const page = renderReport({ ...report, evaluation: evaluate("single-label", [`${spaced} etc.`, `${square}和`]) });
  expect(page).toContain(">Domestic animals, pe…<title>Domestic animals, pets etc.</title></text");
  expect(page).toContain(">咳嗽的声音和狗叫声以及雨…<title>咳嗽的声音和狗叫声以及雨声和</title></text");
});

test("a matrix that would be too small to read on a phone is wider than it, and scrolls", () => {
  const width = (classes: number): number => {
    const labels = Array.from({ length: classes }, (_, index) => `class ${index}`);
    const confusion = new Uint32Array(classes * classes).fill(12_345);
    const perClass = labels.flatMap((label) =>
      evaluate("single-label", ["dog", "rain"])
        .perClass.slice(0, 1)
        .map((row) => ({ ...row, label })),
    );
    const page = renderReport({ ...report, evaluation: { objective: "single-label", confusion, perClass } });
    return Number(page.match(/--least:(\d+)px/)?.[1]);
  };
  expect(width(10)).toBeLessThan(340);
  expect(width(50)).toBeGreaterThan(600);
});

test("a multi-label model has no confusions, and its classes' thresholds", () => {
  const page = renderReport({ ...report, evaluation: evaluate("multi-label", ["dog", "rain"]) });
  expect(headings(page)).not.toContain("h3Confusions");
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
        sounds: [script],
      },
      { name: script, loss: 1, labels: [], spectrogram: { dataUri: `"${script}`, seconds: 1 }, sounds: [] },
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
