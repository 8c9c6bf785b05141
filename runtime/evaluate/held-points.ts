/** What a graph holds of where its answers are divided, as it is asked for. */
import type { Rejection } from "../../compiler/artifact/decisions.ts";
import { UserError } from "../user-error.ts";
import type { Threshold } from "./find-events.ts";

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
