import { formatFigure } from "../../../../compiler/artifact/format-number.ts";
import type { Spread } from "../../../cross-validation/summarize-folds.ts";
import { html, type Html } from "../../../text/html.ts";

const percent = (share: number): string => `${(Math.min(1, Math.max(0, share)) * 100).toFixed(1)}%`;

/**
 * A table's cell with a mean as a number on a bar, and across the bar's end a line from a deviation below it to one above.
 * @param most what the longest bar stands for, above 0
 */
export const deviationCell = ({ mean, deviation }: Spread, most: number): Html => {
  const [low, high] = [(mean - (deviation ?? 0)) / most, (mean + (deviation ?? 0)) / most];
  const whisker =
    deviation === null ? null : html`<u style="left:${percent(low)};right:calc(100% - ${percent(high)})"></u>`;
  const told = deviation === null ? formatFigure(mean) : `${formatFigure(mean)} ± ${formatFigure(deviation)}`;
  return html`<td class="number bar wide">
    <i style="width:${percent(mean / most)}"></i>${whisker}<span>${told}</span>
  </td>`;
};
