import { setPointOf, thresholdOf } from "../evaluate/held-points.ts";
import type { ModelMetadata } from "../library/model.ts";
import { formatRate, whatRateIs } from "../report/terminal/describe-decisions.ts";
import type { OptionValues } from "./options.ts";
import type { Output } from "./output.ts";
import type { windowOptions } from "./window-options.ts";

/** How answers are to be read. @throws UserError where the graph has not what is asked for */
export const noteDecisions = (
  metadata: ModelMetadata,
  { reject, threshold }: OptionValues<typeof windowOptions>,
  note: Output["note"],
): void => {
  if (threshold !== undefined) thresholdOf(metadata, threshold);
  if (metadata.isCalibrated) note("scores are calibrated, as the graph says how");
  if (reject === undefined) return;
  const { falseAlarms, misses } = setPointOf(metadata, reject);
  const measured = [
    ...(falseAlarms === null ? [] : [`${formatRate(falseAlarms)} of background was taken for a class`]),
    `${formatRate(misses)} of the classes' clips were rejected`,
  ];
  const rateOf = whatRateIs[metadata.rejection?.rateOf ?? "classes"];
  note(`rejecting, set to ${formatRate(reject)} ${rateOf}; where that was measured, ${measured.join(", ")}`);
};
