import { formatDuration, formatFigure } from "../../../compiler/artifact/format-number.ts";
import { formatTable } from "../../../compiler/artifact/format-table.ts";
import { bestOf } from "../../runs/track-best.ts";
import type { CrossValidation, Spread } from "../../cross-validation/summarize-folds.ts";

const formatSpread = ({ mean, deviation }: Spread): string =>
  deviation === null ? formatFigure(mean) : `${formatFigure(mean)} +- ${formatFigure(deviation)}`;

/** A line per run, and the means with their deviations below. */
export const formatFolds = ({ figure, folds, repeats, last, bestEpoch, best, averaged }: CrossValidation): string => {
  const rows = folds.map((result) => [
    `repeat ${result.repeat}, fold ${result.fold}`,
    formatFigure(result.epochs.at(-1) ?? null),
    formatFigure(bestOf(figure, result.epochs)),
    ...(averaged ? [formatFigure(result.averaged)] : []),
    result.seconds === null ? "-" : formatDuration(result.seconds),
  ]);
  const table = formatTable([[figure, "last", "best", ...(averaged ? ["averaged"] : []), "time"], ...rows]);
  const lines = [
    ...(repeats.length > 1 ? repeats.map((spread, index) => `repeat ${index + 1}: ${formatSpread(spread)}`) : []),
    `last epoch: ${formatSpread(last)}`,
    `epoch ${bestEpoch}, the best on average: ${formatSpread(best)}`,
    ...(averaged ? [`averaged parameters: ${formatSpread(averaged)}`] : []),
  ];
  return `${table}\n\n${lines.join("\n")}`;
};
