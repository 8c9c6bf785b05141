/** A row of CSV (RFC 4180), without the line's end: what holds a comma, a quote or a line's end is quoted. */
export const csvRow = (cells: readonly (string | number)[]): string =>
  cells.map((cell) => (/[",\r\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : cell)).join(",");
