import type { AttentionMap } from "../../evaluate/explanation.ts";

/** What a picture shows of attention. */
export interface AttentionShares {
  /** [bins, frames], high bins first, from 0 to 0.9: what is not fully covered is still seen under it. */
  readonly shares: Float32Array;
  /** What of a patch 0 and 0.9 stand for, beside the mean of all patches. */
  readonly least: number;
  readonly most: number;
}

const mostShare = 0.9;

/** How much of each frame and bin its patches have: the mean of those that cover it. */
export const attentionShares = (attention: AttentionMap, frames: number, bins: number): AttentionShares => {
  const { values, times, bands } = attention;
  const [sums, counts] = [new Float32Array(frames * bins), new Uint16Array(frames * bins)];
  for (const [time, { frames: across }] of times.entries()) {
    for (const [band, { bins: up }] of bands.entries()) {
      const share = (values[time * bands.length + band] ?? 0) * values.length;
      for (let frame = across[0]; frame < Math.min(across[1], frames); frame++) {
        for (let bin = up[0]; bin < up[1]; bin++) {
          const place = (bins - 1 - bin) * frames + frame;
          sums[place] = (sums[place] ?? 0) + share;
          counts[place] = (counts[place] ?? 0) + 1;
        }
      }
    }
  }
  // Not of what no patch covers, at the edges.
  const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [1, 0]);
  const [least, most] = [low * values.length, high * values.length];
  const shares = sums.map((sum, place) => {
    const mean = sum / Math.max(1, counts[place] ?? 1);
    return (mostShare * (mean - least)) / (most - least || 1);
  });
  return { shares, least, most };
};
