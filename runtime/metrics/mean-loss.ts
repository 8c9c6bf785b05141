import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";

type ClipLoss = (logits: Float32Array | Float64Array, targets: Float32Array) => number;

/** Mean over classes of max(x, 0) - x t + log(1 + exp(-|x|)): binary cross-entropy of sigmoid(x). */
const binaryCrossEntropy: ClipLoss = (logits, targets) => {
  let sum = 0;
  for (const [index, x] of logits.entries()) {
    sum += Math.max(x, 0) - x * (targets[index] ?? 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }
  return sum / logits.length;
};

/** -sum over classes of t log softmax(x). */
const crossEntropy: ClipLoss = (logits, targets) => {
  const row = Array.from(logits);
  const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const logOfSum = largest + Math.log(row.reduce((sum, x) => sum + Math.exp(x - largest), 0));
  return row.reduce((sum, x, index) => sum + (targets[index] ?? 0) * (logOfSum - x), 0);
};

const losses: Readonly<Record<ArtifactMetadata["objective"], ClipLoss>> = {
  "multi-label": binaryCrossEntropy,
  "single-label": crossEntropy,
};

/**
 * The loss that training minimises, as a mean over clips, in float64.
 * @param logits [clips, classes] in row-major order
 * @param targets [clips, classes]
 */
export const meanLoss = (
  objective: ArtifactMetadata["objective"],
  logits: Float32Array | Float64Array,
  targets: Float32Array,
  classes: number,
): number => {
  const clips = logits.length / classes;
  const lossOf = losses[objective];
  let sum = 0;
  for (let start = 0; start < logits.length; start += classes) {
    sum += lossOf(logits.subarray(start, start + classes), targets.subarray(start, start + classes));
  }
  return sum / clips;
};
