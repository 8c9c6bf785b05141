/** Whether scores are the chances that they look like. */
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import { indexOfLargest } from "./index-of-largest.ts";
import type { Predictions } from "./predictions.ts";

/** Equal parts of the scores from 0 to 1, as in Guo et al. 2017. */
export const reliabilityBins = 15;

/** Scores of one part: how often what they say is so. */
export interface ReliabilityBin {
  readonly count: number;
  /** Means over them; 0 where there are none. */
  readonly score: number;
  readonly share: number;
}

/** What is claimed with a score, and whether it is so. */
type Claim = readonly [score: number, isTrue: boolean];

/** Of each clip, that it is of the class of the highest score. */
function* topClaims({ scores, targets }: Predictions, classes: number): Generator<Claim, void, undefined> {
  for (let start = 0; start < scores.length; start += classes) {
    const predicted = indexOfLargest(scores.subarray(start, start + classes)) ?? 0;
    yield [scores[start + predicted] ?? 0, (targets[start + predicted] ?? 0) > 0];
  }
}

/** Of each clip and class, that it is of the class. */
function* allClaims({ scores, targets }: Predictions): Generator<Claim, void, undefined> {
  for (const [at, score] of scores.entries()) yield [score, (targets[at] ?? 0) > 0];
}

/**
 * A reliability diagram (Niculescu-Mizil, Caruana 2005): of a single-label model, about each clip's highest score; of a
 * multi-label one, about every class of every clip.
 */
export const reliability = (
  predictions: Predictions,
  { objective, classes }: Pick<ArtifactMetadata, "objective" | "classes">,
): readonly ReliabilityBin[] => {
  const sums = Array.from({ length: reliabilityBins }, () => ({ count: 0, score: 0, share: 0 }));
  const claims = objective === "single-label" ? topClaims(predictions, classes.length) : allClaims(predictions);
  for (const [score, isTrue] of claims) {
    const sum = sums[Math.min(reliabilityBins - 1, Math.floor(score * reliabilityBins))];
    if (!sum) continue;
    sum.count += 1;
    sum.score += score;
    sum.share += Number(isTrue);
  }
  return sums.map(({ count, score, share }) => ({
    count,
    score: count === 0 ? 0 : score / count,
    share: count === 0 ? 0 : share / count,
  }));
};

/** Expected calibration error: how far scores and shares are apart, in the mean over all claims. */
export const calibrationError = (bins: readonly ReliabilityBin[]): number => {
  const count = bins.reduce((sum, bin) => sum + bin.count, 0);
  return bins.reduce((sum, bin) => sum + (bin.count / count) * Math.abs(bin.share - bin.score), 0);
};
