/** A file of class names. */
import { existsSync, readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";

/**
 * @param path a CSV with the columns `index` and `display_name` (AudioSet's class_labels_indices.csv) or `name`
 * @returns the names by index, or what is wrong with the file
 */
export const readClassNames = (path: string): readonly string[] | string => {
  if (!existsSync(path)) return `there is no file ${path}`;
  try {
    const rows = parse<Record<string, string>>(readFileSync(path, "utf8"), {
      bom: true,
      columns: true,
      skip_empty_lines: true,
      trim: true,
    });
    const isIndexed = rows.every((row) => row["index"] !== undefined);
    const ordered = isIndexed ? rows.toSorted((a, b) => Number(a["index"]) - Number(b["index"])) : rows;
    const gap = isIndexed ? ordered.findIndex((row, index) => Number(row["index"]) !== index) : -1;
    if (gap >= 0) return `${path} has no class of index ${gap}, or several`;
    const names = ordered.map((row) => row["display_name"] ?? row["name"] ?? "");
    return names.includes("") ? `${path} has no column display_name or name, or leaves it empty` : names;
  } catch (error) {
    return `${path} is not CSV: ${error instanceof Error ? error.message : ""}`;
  }
};
