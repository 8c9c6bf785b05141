/** A graph's answers as it has been measured that they are to be read: the one place where that is done. */
import type { Rejection } from "../../compiler/artifact/decisions.ts";
import type { ArtifactMetadata } from "../../compiler/artifact/metadata.ts";
import type { Classification, Classifier } from "../engine/classifier.ts";
import { calibrateLogits } from "../metrics/calibrate-logits.ts";
import { rejectionScores } from "../metrics/rejection-scores.ts";
import type { Threshold } from "./find-events.ts";
import { UserError } from "../user-error.ts";

export interface Answers extends Classification {
  /** [batch], how much each clip is like those of the classes; undefined where the graph has no measure of it. */
  readonly likeness: Float64Array | undefined;
}

/** A classifier whose scores are calibrated where its graph says how. */
export interface Decider extends Pick<Classifier, "close"> {
  readonly classify: (...args: Parameters<Classifier["classify"]>) => Promise<Answers>;
}

export const decideBy = (metadata: ArtifactMetadata, { classify, close }: Classifier): Decider => {
  const { calibration, rejection } = metadata.decisions ?? {};
  return {
    classify: async (waveform) => {
      const own = await classify(waveform);
      return {
        ...(calibration ? calibrateLogits(own.logits, calibration, metadata.objective) : own),
        likeness: rejection ? rejectionScores(rejection.score, own, metadata) : undefined,
      };
    },
    close,
  };
};

/** What a graph holds of its set points. */
interface Points {
  readonly rejection?: Pick<Rejection, "rateOf" | "points"> | undefined;
}

/**
 * The set point of a rate.
 * @throws UserError where the graph has none, or not that one
 */
export const setPointOf = ({ rejection }: Points, rate: number): Rejection["points"][number] => {
  if (!rejection) {
    throw new UserError(
      "not-calibrated",
      { option: "reject", needs: "rejection" },
      "needs a graph that has been calibrated on clips that were held out",
    );
  }
  const point = rejection.points.find((each) => each.rate === rate);
  if (point) return point;
  const rates = rejection.points.map((each) => each.rate);
  throw new UserError(
    "rate-unknown",
    { option: "reject", rate, rates },
    `is ${rate}, which the graph has not been calibrated for; expected ${rates.join(" or ")}`,
  );
};

/**
 * The thresholds that are meant.
 * @throws UserError where they are to be the graph's, and it holds none
 */
export const thresholdOf = (
  { thresholds }: { readonly thresholds?: Readonly<Record<string, number>> | undefined },
  threshold: Threshold | "best",
): Threshold => {
  if (threshold !== "best") return threshold;
  if (thresholds) return thresholds;
  throw new UserError(
    "not-calibrated",
    { option: "threshold", needs: "thresholds" },
    "best needs a graph that holds each class's threshold, as training and calibration write them",
  );
};
