import type { AttentionMap } from "./explanation.ts";
import type { InputPlaces } from "./input-places.ts";

/** @param tokens the rollout [tokens], of which what added tokens keep to themselves is left out */
export const attentionMap = (tokens: Float32Array, { times, bands, firstPatch }: InputPlaces): AttentionMap => {
  const values = new Float32Array(times.length * bands.length);
  const patches = tokens.subarray(firstPatch, firstPatch + values.length);
  const total = patches.reduce((sum, value) => sum + value, 0);
  for (const band of bands.keys())
    for (const time of times.keys())
      values[time * bands.length + band] = (patches[band * times.length + time] ?? 0) / total;
  return { values, times, bands };
};
