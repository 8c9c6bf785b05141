import type { Summary } from "../metrics/summarize.ts";
import { formatFigure } from "./format-number.ts";
import { formatTable } from "./format-table.ts";

type Figures = Omit<Summary, "perClass">;

/** An evaluation's figures on one line. */
export const formatFigures = ({ loss, accuracy, mAP, AUC, dPrime }: Figures): string =>
  Object.entries({ loss, accuracy, mAP, AUC, "d'": dPrime })
    .map(([name, value]) => `${name} ${formatFigure(value)}`)
    .join("  ");

/** An evaluation's figures, and those of the classes that have clips. */
export const formatSummary = (summary: Summary): string => {
  const classes = summary.perClass.filter(({ clips }) => clips > 0);
  const rows = classes.map(({ label, clips, averagePrecision, rocArea }) => [
    label,
    String(clips),
    formatFigure(averagePrecision),
    formatFigure(rocArea),
  ]);
  return `${formatFigures(summary)}\n\n${formatTable([["class", "clips", "AP", "AUC"], ...rows])}`;
};
