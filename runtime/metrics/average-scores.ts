/** An ensemble: several models' answers to the same clips as one. */
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import type { Predictions } from "./predictions.ts";

/** log of the mean of the values' exponentials, without overflow. */
const logMeanExp = (values: Float64Array): number => {
  let largest = -Infinity;
  for (const value of values) largest = Math.max(largest, value);
  let sum = 0;
  for (const value of values) sum += Math.exp(value - largest);
  return largest + Math.log(sum / values.length);
};

/** log sigmoid(x). */
const logSigmoid = (x: number): number => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));

/** Averages the models' logits of one clip (a row each) into `out`, so that its scores are the mean of the models' scores. */
type AverageRow = (rows: readonly Float32Array[], out: Float32Array) => void;

/** logit(mean sigmoid(x)) = log mean sigmoid(x) - log mean sigmoid(-x). */
const averageSigmoidRow: AverageRow = (rows, out) => {
  const logs = new Float64Array(rows.length);
  for (let index = 0; index < out.length; index++) {
    rows.forEach((row, model) => (logs[model] = logSigmoid(row[index] ?? 0)));
    const logOfMean = logMeanExp(logs);
    rows.forEach((row, model) => (logs[model] = logSigmoid(-(row[index] ?? 0))));
    out[index] = logOfMean - logMeanExp(logs);
  }
};

/** log mean softmax(x): softmax gives back what it was the logarithm of. */
const averageSoftmaxRow: AverageRow = (rows, out) => {
  const logs = new Float64Array(rows.length);
  const logOfSums = rows.map((row) => logMeanExp(Float64Array.from(row)) + Math.log(row.length));
  for (let index = 0; index < out.length; index++) {
    rows.forEach((row, model) => (logs[model] = (row[index] ?? 0) - (logOfSums[model] ?? 0)));
    out[index] = logMeanExp(logs);
  }
};

const averageRowOf: Readonly<Record<ArtifactMetadata["objective"], AverageRow>> = {
  "multi-label": averageSigmoidRow,
  "single-label": averageSoftmaxRow,
};

const requireSameClips = ([first, ...others]: readonly Predictions[]): Predictions => {
  if (!first) throw new RangeError("averageScores: no predictions");
  for (const { scores, targets } of others) {
    if (scores.length !== first.scores.length || targets.some((target, at) => target !== first.targets[at])) {
      throw new RangeError("averageScores: the predictions are not of the same clips and classes");
    }
  }
  return first;
};

/**
 * The mean of the models' scores, as the reference's ensembles (`egs/audioset/ensemble.py`: of sigmoid scores, not of
 * logits). The logits are those that give this mean, so that the loss of an ensemble is defined as well.
 * @param predictions one per model, of the same clips in the same order
 * @param metadata gives the objective and the classes, which the models share
 * @throws RangeError where there are none, or their clips or classes differ
 */
export const averageScores = (
  predictions: readonly Predictions[],
  { objective, classes }: Pick<ArtifactMetadata, "objective" | "classes">,
): Predictions => {
  const { scores: firstScores, targets } = requireSameClips(predictions);
  const scores = new Float32Array(firstScores.length);
  for (let at = 0; at < scores.length; at++) {
    let sum = 0;
    for (const model of predictions) sum += model.scores[at] ?? 0;
    scores[at] = sum / predictions.length;
  }
  const logits = new Float32Array(scores.length);
  for (let start = 0; start < scores.length; start += classes.length) {
    const end = start + classes.length;
    const rows = predictions.map((model) => model.logits.subarray(start, end));
    averageRowOf[objective](rows, logits.subarray(start, end));
  }
  return { logits, scores, targets };
};
