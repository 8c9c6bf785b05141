import { printable } from "./printable.ts";

type Align = "left" | "right";

/** Rows of text in columns, two spaces apart; the first column left-aligned, the others as `align` says. */
export const formatTable = (content: readonly (readonly string[])[], align: Align = "right"): string => {
  const rows = content.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  const pad = (cell: string, index: number): string =>
    index === 0 || align === "left" ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0);
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
};
