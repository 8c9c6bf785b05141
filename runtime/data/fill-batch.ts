import { absentSample } from "../../compiler/artifact/names.ts";

/**
 * Clips as the graph's `waveform`: [clips, samples], row by row, shorter clips filled up with `absentSample`.
 * @param samples at least those of the longest, as many as which is the default
 */
export const fillBatch = (
  clips: readonly Float32Array[],
  samples = Math.max(...clips.map(({ length }) => length)),
): { readonly waveform: Float32Array<ArrayBuffer>; readonly samples: number } => {
  const waveform = new Float32Array(clips.length * samples);
  clips.forEach((clip, row) => {
    waveform.set(clip, row * samples);
    waveform.fill(absentSample, row * samples + clip.length, (row + 1) * samples);
  });
  return { waveform, samples };
};
