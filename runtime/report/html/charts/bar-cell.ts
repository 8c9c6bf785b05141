import { formatFigure } from "../../../../compiler/artifact/format-number.ts";
import { html, type Html } from "../../../text/html.ts";

/** A table's cell with a share of 1, as a number on a bar; a dash where there is none. */
export const barCell = (share: number | null): Html =>
  html`<td class="number bar">
    <i style="width:${((share ?? 0) * 100).toFixed(1)}%"></i><span>${formatFigure(share)}</span>
  </td>`;
