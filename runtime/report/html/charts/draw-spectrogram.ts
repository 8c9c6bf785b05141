import { encodePng } from "./encode-png.ts";
import { magma } from "./magma.ts";

/** Wider images are no clearer on a page. */
const widest = 500;

/** Shares of the values below the darkest and above the lightest colour: a few outliers would grey out the rest. */
const [darkest, lightest] = [0.02, 0.998];

/**
 * @param features log-mel, [frames, bins] in row-major order
 * @returns a PNG: time to the right, `widest` columns at most, each the mean of its frames; low bins at the bottom
 */
export const drawSpectrogram = (features: Float32Array, bins: number): Buffer => {
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
  return encodePng({ width, height: bins, pixels, palette: magma });
};
