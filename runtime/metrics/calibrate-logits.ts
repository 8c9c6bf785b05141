import type { Calibration } from "../../compiler/artifact/decisions.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";

export type LogitMap = Pick<Calibration, "scales" | "offsets">;

const sigmoidOf = (row: Float32Array): readonly number[] => Array.from(row, (x) => 1 / (1 + Math.exp(-x)));

const softmaxOf = (row: Float32Array): readonly number[] => {
  const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const exponentials = Array.from(row, (x) => Math.exp(x - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((exponential) => exponential / sum);
};

const scoresOf: Readonly<Record<ArtifactMetadata["objective"], (row: Float32Array) => readonly number[]>> = {
  "multi-label": sigmoidOf,
  "single-label": softmaxOf,
};

/**
 * Logits as scale * logit + offset, class by class, and the scores that follow from them.
 * @param logits [clips, classes] in row-major order
 */
export const calibrateLogits = (
  logits: Float32Array,
  { scales, offsets }: LogitMap,
  objective: ArtifactMetadata["objective"],
): { readonly logits: Float32Array; readonly scores: Float32Array } => {
  const classes = scales.length;
  const calibrated = logits.map((x, at) => (scales[at % classes] ?? 1) * x + (offsets[at % classes] ?? 0));
  const scores = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    scores.set(scoresOf[objective](calibrated.subarray(start, start + classes)), start);
  }
  return { logits: calibrated, scores };
};
