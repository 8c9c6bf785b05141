import type { Rejection } from "../../compiler/artifact/decisions.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import type { Predictions } from "./predictions.ts";
import { highestScores } from "./split-background.ts";

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** log of the sum of the exponentials: the negative of the free energy (Liu, Wang, Owens, Li 2020). */
const logSumExp = (row: Float32Array): number => {
  const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
  return largest + Math.log(row.reduce((sum, x) => sum + Math.exp(x - largest), 0));
};

/** The same of each class against nothing, added up (Wang, Liu, Bocchieri, Li 2021). */
const jointEnergy = (row: Float32Array): number => row.reduce((sum, x) => sum + softplus(x), 0);

const energyOf: Readonly<Record<ArtifactMetadata["objective"], (row: Float32Array) => number>> = {
  "multi-label": jointEnergy,
  "single-label": logSumExp,
};

/**
 * How much each clip is like those of the classes: the higher, the more.
 * @param predictions of the graph itself, before they are calibrated, [clips, classes]
 */
export const rejectionScores = (
  kind: Rejection["score"],
  { logits, scores }: Pick<Predictions, "logits" | "scores">,
  { objective, classes }: Pick<ArtifactMetadata, "objective" | "classes">,
): Float64Array => {
  const width = classes.length;
  if (kind === "highest-score") return highestScores(scores, width);
  return Float64Array.from({ length: logits.length / width }, (_, row) =>
    energyOf[objective](logits.subarray(row * width, (row + 1) * width)),
  );
};
