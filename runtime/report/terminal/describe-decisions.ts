/** What a graph knows of its answers, in words. */
import type {
  Calibration,
  Decisions,
  MeasuredOn,
  Rejection,
  Thresholds,
} from "../../../compiler/artifact/decisions.ts";
import { plural } from "../../../compiler/artifact/plural.ts";
import { printable, quoted } from "../../../compiler/artifact/printable.ts";
import { shortenList } from "../../text/shorten-list.ts";

const listedAtMost = 10;

/** Such as `56 held-out clips of esc50.csv, and 20 background clips`. */
export const describeClips = ({ data, clips, background }: MeasuredOn): string => {
  const others = background === 0 ? "" : `, and ${background} background ${plural(background, "clip")}`;
  return `${clips} held-out ${plural(clips, "clip")}${data === "" ? "" : ` of ${printable(data)}`}${others}`;
};

/** Such as 5 %. */
export const formatRate = (rate: number): string => `${Number((100 * rate).toFixed(2))} %`;

const describeThresholds = ({ perClass, measuredOn }: Thresholds, classes: readonly string[]): string => {
  const listed = classes.map((label, index) => `${quoted(label)} ${perClass[index]?.score.toFixed(3)}`);
  const few = perClass.filter(({ f1 }) => f1 === null).length;
  const rest = few === 0 ? "" : `; too few clips for ${few} of the classes`;
  return `${shortenList(listed, listedAtMost)}; of the best F1 on ${describeClips(measuredOn)}${rest}`;
};

const describeCalibration = ({ kind, scales, before, after, measuredOn }: Calibration): string => {
  const how = kind === "temperature" ? `temperature ${(1 / (scales[0] ?? 1)).toFixed(3)}` : "Platt, class by class";
  const gain = `ECE ${before.ece.toFixed(4)} -> ${after.ece.toFixed(4)}, NLL ${before.nll.toFixed(4)} -> ${after.nll.toFixed(4)}`;
  return `${how}; ${gain}, on ${describeClips(measuredOn)}`;
};

export const whatRateIs = {
  background: "of background taken for a class",
  classes: "of the classes' clips rejected",
} as const;

const describeRejection = ({ score, rateOf, points, measuredOn }: Rejection): string => {
  const listed = points.map(({ rate, threshold }) => `${formatRate(rate)} below ${threshold.toFixed(3)}`);
  return `by ${score}, ${listed.join(", ")} ${whatRateIs[rateOf]}; on ${describeClips(measuredOn)}`;
};

/** By what each is about. */
export const describeDecisions = (
  { thresholds, calibration, rejection }: Decisions,
  classes: readonly string[],
): Readonly<Record<string, string>> => ({
  ...(thresholds ? { thresholds: describeThresholds(thresholds, classes) } : {}),
  ...(calibration ? { calibration: describeCalibration(calibration) } : {}),
  ...(rejection ? { rejection: describeRejection(rejection) } : {}),
});
