import type { Figures } from "../../metrics/summarize.ts";
import { formatFigure } from "../../../compiler/artifact/format-number.ts";
import { figuresByName } from "./format-summary.ts";

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
