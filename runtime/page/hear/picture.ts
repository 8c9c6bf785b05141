/** Pictures of sound, with their axes. */
import { frequencyAxis, timeAxis } from "../../report/figures/axes.ts";
import type { IndexedImage } from "../../report/figures/indexed-image.ts";
import { element } from "../parts/elements.ts";

const toImageData = ({ width, height, pixels, palette, alphas }: IndexedImage): ImageData => {
  const data = new ImageData(width, height);
  for (const [place, index] of pixels.entries()) {
    for (let channel = 0; channel < 3; channel++) data.data[place * 4 + channel] = palette[index * 3 + channel] ?? 0;
    data.data[place * 4 + 3] = alphas?.[index] ?? 255;
  }
  return data;
};

/** Paints images over each other, each over all of the canvas, which becomes as large as the first. */
export const paint = (canvas: HTMLCanvasElement, images: readonly IndexedImage[]): void => {
  const [first] = images;
  if (!first || first.width === 0) return;
  [canvas.width, canvas.height] = [first.width, first.height];
  const context = canvas.getContext("2d");
  for (const image of images) {
    const layer = new OffscreenCanvas(image.width, image.height);
    layer.getContext("2d")?.putImageData(toImageData(image), 0, 0);
    context?.drawImage(layer, 0, 0, first.width, first.height);
  }
};

const mostTicks = 6;

const timeTicks = (seconds: number): readonly HTMLElement[] =>
  timeAxis(seconds, mostTicks).ticks.map(({ place, label }) => {
    const tick = element("span", { class: "tick time" }, label);
    tick.style.left = `${place * 100}%`;
    return tick;
  });

const hzTicks = (binsHz: readonly number[]): readonly HTMLElement[] =>
  frequencyAxis(binsHz).map(({ place, label }) => {
    const tick = element("span", { class: "tick hz" }, label);
    tick.style.bottom = `${place * 100}%`;
    return tick;
  });

export interface Picture {
  readonly images: readonly IndexedImage[];
  readonly seconds: number;
  readonly binsHz: readonly number[];
  /** For those who do not see it. */
  readonly description: string;
}

/** A spectrogram: time to the right, frequency upwards. */
export const pictureOf = ({ images, seconds, binsHz, description }: Picture): HTMLElement => {
  const canvas = element("canvas", { role: "img", "aria-label": description });
  paint(canvas, images);
  return element("div", { class: "picture" }, canvas, ...hzTicks(binsHz), ...timeTicks(seconds));
};
