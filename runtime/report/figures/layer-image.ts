import type { IndexedImage } from "./indexed-image.ts";

/** Amber: of all colours it is told from grey by most who see few, and stands out from it dark and light. */
const amber = [255, 176, 0] as const;
const blue = [37, 99, 201] as const;
const colours = { amber, blue } as const;

/**
 * Shares as a layer of one colour, the less of which is seen the lower they are.
 * @param shares from 0 to 1, [height, width] in row-major order, top row first
 */
export const layerImage = (shares: Float32Array, width: number, colour: keyof typeof colours): IndexedImage => {
  const palette = Uint8Array.from({ length: 256 * 3 }, (_, index) => colours[colour][index % 3] ?? 0);
  const alphas = Uint8Array.from({ length: 256 }, (_, index) => index);
  const pixels = Uint8Array.from(shares, (share) => Math.round(255 * Math.max(0, Math.min(1, share))));
  return { width, height: shares.length / width, pixels, palette, alphas };
};

/** The layer's scale, from nothing to all. */
export const layerScale = (colour: keyof typeof colours): IndexedImage =>
  layerImage(
    Float32Array.from({ length: 64 }, (_, index) => index / 63),
    64,
    colour,
  );
