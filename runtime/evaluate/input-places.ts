import { samplesIn } from "../../compiler/artifact/frames.ts";
import { hzOf, melOf } from "../../compiler/artifact/mel-scale.ts";
import { patchesToken, placesOfTokens, readPatching, readTokenLayout } from "../../compiler/artifact/token-layout.ts";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { UserError } from "../user-error.ts";
import type { AttentionMap, PatchBand, PatchTime, Spectrogram } from "./explanation.ts";

/** How a model's input lies in time and frequency, and which of its tokens are patches. */
export interface InputPlaces extends Pick<Spectrogram, "frames" | "bins" | "frameShiftSeconds" | "binsHz"> {
  readonly times: readonly PatchTime[];
  readonly bands: readonly PatchBand[];
  /** The place of the first patch along the tokens; the others follow it by frequency, then time. */
  readonly firstPatch: number;
}

const stretches = (count: number, patch: number, stride: number): readonly (readonly [first: number, end: number])[] =>
  Array.from({ length: count }, (_, index) => [index * stride, index * stride + patch] as const);

/** @throws UserError where the graph does not tell */
export const inputPlaces = ({ path, model, metadata }: Artifact): InputPlaces => {
  const [layout, patching] = [readTokenLayout(model), readPatching(model)];
  if (!layout || !patching)
    throw new UserError("no-such-output", { path }, "does not tell where its patches lie in the spectrogram");
  const { frames, bins, sampleRateHz, frameShiftSamples } = metadata;
  const { grid, filters } = layout;
  const { patch, stride } = patching;
  const [low, high] = [melOf(filters.lowHz), melOf(filters.highHz)];
  /** Bin b's filter begins at b, is highest at b + 1 and ends at b + 2. */
  const hzAt = (place: number): number => hzOf(low + ((high - low) * place) / (bins + 1));
  return {
    frames,
    bins,
    frameShiftSeconds: frameShiftSamples / sampleRateHz,
    binsHz: Array.from({ length: bins }, (_, bin) => hzAt(bin + 1)),
    times: stretches(grid.columns, patch.frames, stride.frames).map(([first, end]) => ({
      startSeconds: (first * frameShiftSamples) / sampleRateHz,
      endSeconds: (first * frameShiftSamples + samplesIn(end - first, metadata)) / sampleRateHz,
      frames: [first, end],
    })),
    bands: stretches(grid.rows, patch.bins, stride.bins).map(([first, end]) => ({
      lowHz: hzAt(first + 0.5),
      highHz: hzAt(end + 0.5),
      bins: [first, end],
    })),
    firstPatch: placesOfTokens(layout).get(patchesToken)?.first ?? 0,
  };
};

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
