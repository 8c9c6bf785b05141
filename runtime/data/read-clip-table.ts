import { dirname, resolve } from "node:path";
import * as v from "valibot";
import type { ListedClip } from "./listing.ts";
import { type Table, text, typedRows } from "./read-table.ts";
import { splitNames } from "./split-names.ts";

const row = v.object({
  path: text,
  label: text,
  split: v.optional(
    v.pipe(
      v.string(),
      v.check((name) => splitNames.has(name), `one of ${[...splitNames.keys()].join(", ")}`),
    ),
  ),
});

/**
 * Clips of a CSV with the columns path (relative to the CSV), label (several separated by ";") and, if it likes, split.
 * @throws UserError naming the line.
 */
export const readClipTable = (table: Table): readonly ListedClip[] =>
  typedRows(table, row).map(({ line, row }) => ({
    path: resolve(dirname(table.path), row.path),
    labels: row.label.split(";").map((label) => [label.trim()]),
    split: row.split === undefined ? undefined : splitNames.get(row.split),
    where: () => `${table.path}:${line}`,
  }));
