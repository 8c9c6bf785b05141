/** Features as a picture. */
import type { IndexedImage } from "./indexed-image.ts";

/** Nine colours of matplotlib's perceptually uniform map "magma", evenly spaced. */
const stops = [
  [0, 0, 4],
  [28, 16, 68],
  [79, 18, 123],
  [129, 37, 129],
  [181, 54, 122],
  [229, 80, 100],
  [251, 135, 97],
  [254, 194, 135],
  [252, 253, 191],
] as const;

const colorAt = (position: number): number[] => {
  const at = position * (stops.length - 1);
  const [low, high] = [stops[Math.floor(at)] ?? stops[0], stops[Math.ceil(at)] ?? stops[0]];
  return low.map((value, channel) => Math.round(value + ((high[channel] ?? 0) - value) * (at % 1)));
};

/** A palette from dark to light, [256, 3]: lightness rises evenly, so that equal steps look equal. */
export const magma: Uint8Array = Uint8Array.from({ length: 256 }, (_, index) => index).reduce(
  (palette, index) => {
    palette.set(colorAt(index / 255), index * 3);
    return palette;
  },
  new Uint8Array(256 * 3),
);

/** Greys from dark to light, [256, 3], none of them the lightest: what lies over them stands out. */
export const greys: Uint8Array = Uint8Array.from({ length: 256 * 3 }, (_, index) => 12 + Math.floor(index / 3) * 0.8);

/** Wider images are no clearer on a page. */
const widestOnPage = 500;

/** Shares of the values below the darkest and above the lightest colour: a few outliers would grey out the rest. */
const [darkest, lightest] = [0.02, 0.998];

/**
 * @param features log-mel, [frames, bins] in row-major order
 * @returns time to the right, `widest` columns at most, each the mean of its frames; low bins at the bottom
 */
export const spectrogramImage = (
  features: Float32Array,
  bins: number,
  { palette = magma, widest = widestOnPage }: { readonly palette?: Uint8Array; readonly widest?: number } = {},
): IndexedImage => {
  const frames = features.length / bins;
  const width = Math.min(frames, widest);
  const ordered = features.toSorted();
  const quantile = (share: number): number => ordered[Math.round(share * (ordered.length - 1))] ?? 0;
  const [low, high] = [quantile(darkest), quantile(lightest)];
  const toIndex = (value: number): number =>
    Math.round(255 * Math.max(0, Math.min(1, (value - low) / (high - low || 1))));
  const pixels = new Uint8Array(width * bins);
  for (let column = 0; column < width; column++) {
    const from = Math.floor((column * frames) / width);
    const to = Math.floor(((column + 1) * frames) / width);
    for (let bin = 0; bin < bins; bin++) {
      let sum = 0;
      for (let frame = from; frame < to; frame++) sum += features[frame * bins + bin] ?? 0;
      pixels[(bins - 1 - bin) * width + column] = toIndex(sum / (to - from));
    }
  }
  return { width, height: bins, pixels, palette };
};
