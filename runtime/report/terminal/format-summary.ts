import type { Figures, Summary } from "../../metrics/summarize.ts";
import { formatFigure } from "../../../compiler/artifact/format-number.ts";
import { formatTable } from "../../../compiler/artifact/format-table.ts";

/** An evaluation's figures, by what people call them. */
export const figuresByName = [
  ["loss", "loss"],
  ["accuracy", "accuracy"],
  ["mAP", "mAP"],
  ["AUC", "AUC"],
  ["d'", "dPrime"],
] as const;

/** An evaluation's figures on one line. */
export const formatFigures = (figures: Figures): string =>
  figuresByName.map(([name, figure]) => `${name} ${formatFigure(figures[figure])}`).join("  ");

/** The figures of the classes that have clips. */
export const formatClasses = ({ perClass }: Pick<Summary, "perClass">): string => {
  const classes = perClass.filter(({ clips }) => clips > 0);
  const rows = classes.map(({ label, clips, averagePrecision, rocArea, dPrime }) => [
    label,
    String(clips),
    ...[averagePrecision, rocArea, dPrime].map(formatFigure),
  ]);
  return formatTable([["class", "clips", "AP", "AUC", "d'"], ...rows]);
};
