import { inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { explanationFigure } from "../../../../runtime/report/figures/explanation-figure.ts";
import { label } from "../../../../runtime/report/figures/figure.ts";
import { renderPng } from "../../../../runtime/report/figures/render-png.ts";
import { timelineFigure } from "../../../../runtime/report/figures/timeline-figure.ts";

const hostile = `<script>&"'\u0007\u202e\uffff`;

const explanation = (name = "a.wav") =>
  explanationFigure({
    title: name,
    model: "tiny",
    spectrogram: {
      values: Float32Array.from({ length: 8 }, (_, index) => index),
      frames: 4,
      framesHeard: 3,
      bins: 2,
      frameShiftSeconds: 0.01,
      binsHz: [400, 600],
    },
    attention: {
      values: Float32Array.of(0.1, 0.2, 0.3, 0.4),
      times: [0, 2].map((first) => ({
        startSeconds: first / 100,
        endSeconds: first / 100 + 0.02,
        frames: [first, first + 2] as const,
      })),
      bands: [0, 1].map((first) => ({ lowHz: 0, highHz: 1, bins: [first, first + 1] as const })),
    },
    top: [{ label: name, index: 0, score: 0.75 }],
  });

const timeline = (name: string, count: number) =>
  timelineFigure({
    title: name,
    subtitle: "tiny: 3 windows of 1 s",
    seconds: 3,
    spectrogram: { secondsPerColumn: 1, count: 3, means: new Float32Array(6), bins: 2, binsHz: [400, 600] },
    scoreColumns: { secondsPerColumn: 1, count: 3 },
    lanes: Array.from({ length: count }, () => ({
      label: name,
      scores: Float32Array.of(0.1, 0.9, 0.8),
      events: Float32Array.of(0, 1, 1),
    })),
    others: 7,
    hasEvents: true,
  });

describe.each([
  ["explanation", explanation],
  ["timeline", (name: string) => timeline(name, 3)],
])("the figure of an %s", (_, draw) => {
  test("is SVG that names of files and classes do not break", async () => {
    const svg = draw(hostile);
    expect(svg).not.toContain("<script>");
    expect(svg).toContain("&lt;script&gt;&amp;&quot;&#39;\\u{7}\\u{202e}\ufffd");
    // Drawing it parses it.
    expect((await renderPng(svg)).length).toBeGreaterThan(1000);
  });

  test("has a title, a description, units, and colours for dark screens", () => {
    const svg = draw("a.wav");
    expect(svg).toMatch(/^<svg\s[^>]*>\s*<title>a\.wav<\/title>\s*<desc>Spectrogram of a\.wav/);
    expect(svg).toContain("log-mel, Hz");
    expect(svg).toMatch(/time, (?:s|min:s)</);
    expect(svg).toContain("prefers-color-scheme: dark");
  });
});

test("events are outlined where they lie", () => {
  const [event] = /<rect\s+class="event"[^>]*>/.exec(timeline("a", 1)) ?? [];
  expect(event).toMatch(/x="502\.0"\s+y="\d+"\s+width="648\.0"/);
  expect(timeline("a", 1).replaceAll(/\s+/g, " ")).toContain(
    "7 more classes, whose highest scores are lower, have no lane",
  );
});

test("long names keep their ends", () => {
  expect(label("abcdefghijklmnopqrstuvwxyz", 10)).toBe("abcdef…xyz");
  expect(label("short", 10)).toBe("short");
});

test("letters are drawn, whatever fonts the system has", async () => {
  const draw = async (text: string) => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20" font-family="none such, sans-serif"><text x="2" y="15">${text}</text></svg>`;
    const png = Buffer.from(await renderPng(svg));
    const start = png.indexOf("IDAT") + 4;
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toStrictEqual([120, 40]);
    return inflateSync(png.subarray(start, start + png.readUInt32BE(start - 8))).filter((byte) => byte !== 0).length;
  };
  const nothing = await draw("");
  for (const text of ["abc", "Ωж", "×≥"]) expect(await draw(text)).toBeGreaterThan(nothing + 100);
});
