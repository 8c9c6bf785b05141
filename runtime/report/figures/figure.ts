/** What figures of sound are made of: SVG that needs nothing else, light or dark as the reader's system. */
import { printable } from "../../../compiler/artifact/printable.ts";
import { html, type Html } from "../../text/html.ts";
import type { Tick } from "./axes.ts";
import { encodePng } from "./encode-png.ts";
import type { IndexedImage } from "./indexed-image.ts";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** XML has no place for these, not even as entities. */
const nonCharacters = /[\ufffe\uffff]/g;

/** A text of a file's, on one line; too long a text loses its middle, as ends tell files and classes apart. */
export const label = (text: string, most: number): string => {
  const whole = printable(text.replaceAll(nonCharacters, "\ufffd"));
  const characters = Array.from(new Intl.Segmenter().segment(whole), ({ segment }) => segment);
  if (characters.length <= most) return characters.join("");
  const tail = Math.floor((most - 1) / 3);
  return [...characters.slice(0, most - 1 - tail), "…", ...characters.slice(characters.length - tail)].join("");
};

const style: Html = {
  markup: `<style>
text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; font-size: 12px; fill: #1c2128; }
.title { font-size: 18px; font-weight: 700; } .head { font-size: 13px; font-weight: 700; } .soft { fill: #5c6773; }
.back { fill: #ffffff; } .groove { fill: #e6e9ed; } .bar { fill: #2563c9; }
.axis { stroke: #5c6773; stroke-width: 1; fill: none; } .event { stroke: #b3261e; stroke-width: 1.3; fill: none; }
@media (prefers-color-scheme: dark) { text { fill: #e3e7ec; } .soft { fill: #98a3b0; } .back { fill: #14171c; } .groove { fill: #2a313a; }
  .bar { fill: #6aa5ff; } .axis { stroke: #98a3b0; } .event { stroke: #ff8a70; } }
</style>`,
};

/** @param description for those who do not see it */
export const drawFigure = (
  size: { readonly width: number; readonly height: number },
  title: string,
  description: string,
  content: readonly Html[],
): string =>
  html`<svg
    xmlns="http://www.w3.org/2000/svg"
    width="${size.width}"
    height="${size.height}"
    viewBox="0 0 ${size.width} ${size.height}"
    role="img"
  >
    <title>${title}</title>
    <desc>${description}</desc>
    ${style}
    <rect class="back" width="100%" height="100%" />
    ${content}
  </svg> `.markup;

export const drawText = (
  x: number,
  y: number,
  text: string,
  { kind = "", anchor = "start" }: { readonly kind?: string; readonly anchor?: "start" | "middle" | "end" } = {},
): Html => html`<text class="${kind}" x="${x}" y="${y}" text-anchor="${anchor}">${text}</text>`;

/** A picture over all of the box. */
export const drawImage = ({ x, y, width, height }: Box, image: IndexedImage): Html =>
  html`<image
    x="${x}"
    y="${y}"
    width="${width}"
    height="${height}"
    preserveAspectRatio="none"
    href="data:image/png;base64,${encodePng(image).toString("base64")}"
  />`;

const round = (value: number): number => Math.round(value * 100) / 100;

/** Times below a box. @param hasNumbers whether they are told, or only marked */
export const drawTimeAxis = ({ x, y, width, height }: Box, ticks: readonly Tick[], hasNumbers = true): Html =>
  html`<g
    >${ticks.map(({ place, label: number }) => {
      const at = round(x + place * width);
      return html`<line class="axis" x1="${at}" x2="${at}" y1="${y + height}" y2="${y + height + 4}" />${
          hasNumbers ? drawText(at, y + height + 17, number, { kind: "soft", anchor: "middle" }) : null
        }`;
    })}</g
  >`;

/** Frequencies to the left of a box, from the bottom up. */
export const drawFrequencyAxis = ({ x, y, height }: Box, ticks: readonly Tick[]): Html =>
  html`<g
    >${ticks.map(({ place, label: number }) => {
      const at = round(y + (1 - place) * height);
      return html`<line
          class="axis"
          x1="${x - 4}"
          x2="${x}"
          y1="${at}"
          y2="${at}"
        />${drawText(x - 7, at + 4, number, { kind: "soft", anchor: "end" })}`;
    })}</g
  >`;

/** A scale of colours with what its ends mean, that ends at `right`. */
export const drawScale = (right: number, y: number, image: IndexedImage, low: string, high: string): Html => {
  // About as wide as such letters are.
  const highWidth = high.length * 6.6;
  const box = { x: round(right - highWidth - 8 - 70), y: y - 9, width: 70, height: 10 };
  return html`${drawText(box.x - 6, y, low, { kind: "soft", anchor: "end" })}<rect
      class="groove"
      x="${box.x}"
      y="${box.y}"
      width="${box.width}"
      height="${box.height}"
    />${drawImage(box, image)}${drawText(right, y, high, { kind: "soft", anchor: "end" })}`;
};
