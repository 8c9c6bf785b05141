/** An evaluation in words. */
import { formatFigure } from "../../../compiler/artifact/format-number.ts";
import { formatTable } from "../../../compiler/artifact/format-table.ts";
import type { Figures, Summary } from "../../metrics/figures.ts";

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
  [
    ...figuresByName.map(([name, figure]) => `${name} ${formatFigure(figures[figure])}`),
    ...(figures.background ? [`false alarms ${formatFigure(figures.background.falseAlarms)}`] : []),
  ].join("  ");

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

/** A table of models, line by line: each can be printed once its figures are known, long before the others'. */
export interface Comparison {
  readonly head: string;
  readonly row: (name: string, figures: Figures) => string;
}

/** Wide enough for 9999.9999. */
const columnWidth = 9;

/** @param names of all rows, for the width of their column */
export const formatComparison = (names: readonly string[]): Comparison => {
  const nameWidth = Math.max(...names.map((name) => name.length));
  const line = (name: string, cells: readonly string[]): string =>
    [name.padEnd(nameWidth), ...cells.map((cell) => cell.padStart(columnWidth))].join(" ");
  return {
    head: line(
      "",
      figuresByName.map(([heading]) => heading),
    ),
    row: (name, figures) =>
      line(
        name,
        figuresByName.map(([, figure]) => formatFigure(figures[figure])),
      ),
  };
};
