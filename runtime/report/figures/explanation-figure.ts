/** One picture of what a model sees of a clip, where its attention lies, and what it hears. */
import { formatFigure } from "../../../compiler/artifact/format-number.ts";
import type { AttentionMap, Spectrogram } from "../../evaluate/explanation.ts";
import type { Score } from "../../evaluate/rank-classes.ts";
import { html, type Html } from "../../text/html.ts";
import { frequencyAxis, timeAxis } from "./axes.ts";
import {
  type Box,
  drawFigure,
  drawFrequencyAxis,
  drawImage,
  drawScale,
  drawText,
  drawTimeAxis,
  label,
} from "./figure.ts";
import { layerImage, layerScale } from "./layer-image.ts";
import { spectrogramImage, greys, magma } from "./spectrogram-image.ts";
import type { IndexedImage } from "./indexed-image.ts";
import { attentionShares } from "./attention-shares.ts";

export interface ExplanationFigure {
  /** The clip's name. */
  readonly title: string;
  /** The model's. */
  readonly model: string;
  readonly spectrogram: Spectrogram;
  readonly attention: AttentionMap;
  readonly top: readonly Score[];
}

const size = { width: 920, height: 560 };
const panels: readonly [Box, Box] = [
  { x: 58, y: 96, width: 600, height: 190 },
  { x: 58, y: 326, width: 600, height: 190 },
];
const scores: Box = { x: 700, y: 96, width: 190, height: 420 };
const mostScores = 12;

const paletteScale = (palette: Uint8Array): IndexedImage => ({
  width: 256,
  height: 1,
  pixels: Uint8Array.from({ length: 256 }, (_, index) => index),
  palette,
});

const drawScore = ({ label: name, score }: Score, row: number, rows: number): Html => {
  const pitch = Math.min(38, scores.height / rows);
  const y = scores.y + row * pitch;
  const width = Math.round(scores.width * Math.max(0, Math.min(1, score)) * 10) / 10;
  return html`<g
    ><title>${label(name, 200)}: ${formatFigure(score)}</title
    >${drawText(scores.x, y + 12, label(name, 22))}${drawText(scores.x + scores.width, y + 12, score.toFixed(2), { kind: "soft", anchor: "end" })}<rect
      class="groove"
      x="${scores.x}"
      y="${y + 18}"
      width="${scores.width}"
      height="6"
      rx="3" /><rect
      class="bar"
      x="${scores.x}"
      y="${y + 18}"
      width="${width}"
      height="6"
      rx="${Math.min(3, width / 2)}"
  /></g>`;
};

/** How much of the attention lies beyond the clip's end. */
const shareBeyond = ({ values, times, bands }: AttentionMap, framesHeard: number): number =>
  times.reduce((sum, { frames: [first] }, time) => {
    if (first < framesHeard) return sum;
    return sum + values.subarray(time * bands.length, (time + 1) * bands.length).reduce((a, b) => a + b, 0);
  }, 0);

/** @returns SVG */
export const explanationFigure = ({ title, model, spectrogram, attention, top }: ExplanationFigure): string => {
  const { values, framesHeard: frames, bins, binsHz, frameShiftSeconds } = spectrogram;
  const heard = values.subarray(0, frames * bins);
  const seconds = frames * frameShiftSeconds;
  const [seen, attended] = panels;
  const { unit, ticks } = timeAxis(seconds, 8);
  const bandTicks = frequencyAxis(binsHz);
  const { shares, least, most } = attentionShares(attention, frames, bins);
  const widest = 2 * seen.width;
  const beyond = shareBeyond(attention, frames);
  const [best] = top;
  const summary = best ? `${label(best.label, 40)} ${formatFigure(best.score)}` : "";
  const shown = top.slice(0, mostScores);
  const content = [
    drawText(seen.x, 34, label(title, 64), { kind: "title" }),
    drawText(
      seen.x,
      56,
      `${label(model, 40)} hears ${seconds.toFixed(seconds < 10 ? 2 : 1)} s of it${beyond >= 0.01 ? `; ${Math.round(100 * beyond)} % of its attention is on the padding behind` : ""}`,
      { kind: "soft" },
    ),
    drawText(seen.x, seen.y - 9, "What it sees: log-mel, Hz", { kind: "head" }),
    drawScale(seen.x + seen.width, seen.y - 9, paletteScale(magma), "quiet", "loud"),
    drawImage(seen, spectrogramImage(heard, bins, { widest })),
    drawFrequencyAxis(seen, bandTicks),
    drawTimeAxis(seen, ticks, false),
    drawText(attended.x, attended.y - 9, "Where its attention lies", { kind: "head" }),
    drawScale(
      attended.x + attended.width,
      attended.y - 9,
      layerScale("amber"),
      `${least.toFixed(1)} ×`,
      `${most.toFixed(1)} × the mean`,
    ),
    drawImage(attended, spectrogramImage(heard, bins, { widest, palette: greys })),
    drawImage(attended, layerImage(shares, frames, "amber")),
    drawFrequencyAxis(attended, bandTicks),
    drawTimeAxis(attended, ticks),
    drawText(attended.x + attended.width / 2, attended.y + attended.height + 34, `time, ${unit}`, {
      kind: "soft",
      anchor: "middle",
    }),
    drawText(scores.x, scores.y - 9, "What it hears: scores", { kind: "head" }),
    ...shown.map((score, row) => drawScore(score, row, Math.max(shown.length, 10))),
  ];
  return drawFigure(
    size,
    label(title, 200),
    `Spectrogram of ${label(title, 200)}, the model's attention over it, and its scores: ${summary}.`,
    content,
  );
};
