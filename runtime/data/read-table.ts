import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { CsvError, parse } from "csv-parse/sync";
import * as v from "valibot";
import { readFailure } from "../audio/read-failure.ts";
import { UserError } from "../user-error.ts";

/** A CSV file with a header. */
export interface Table {
  readonly path: string;
  readonly columns: readonly string[];
  readonly rows: readonly { readonly line: number; readonly cells: Readonly<Record<string, string>> }[];
}

interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** @throws UserError naming the file, and the line where its syntax is wrong. */
export const readTable = async (path: string): Promise<Table> => {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new UserError(`${path}: ${readFailure(error)}`);
  });
  if (!isUtf8(bytes)) throw new UserError(`${path}: its text is not UTF-8; save it as "CSV UTF-8"`);
  const [header, ...records] = parseRecords(path, bytes.toString("utf8"));
  if (header === undefined) throw new UserError(`${path}: the file is empty; expected a header and one row per clip`);
  const columns = header.record;
  requireCommas(path, columns);
  const rows = records.map(({ record, info }) => {
    if (record.length !== columns.length) {
      throw new UserError(
        `${path}:${info.lines}: expected ${columns.length} columns as in the header, found ${record.length}`,
      );
    }
    return {
      line: info.lines,
      cells: Object.fromEntries(columns.map((column, index) => [column, record[index] ?? ""])),
    };
  });
  if (rows.length === 0) throw new UserError(`${path}: it has a header and no rows`);
  return { path, columns, rows };
};

/** Spreadsheets write other separators where the comma is the decimal mark. */
const requireCommas = (path: string, columns: readonly string[]): void => {
  const [only = "", ...others] = columns;
  const separator = [";", "\t"].find((character) => only.includes(character));
  if (others.length > 0 || separator === undefined) return;
  throw new UserError(
    `${path}:1: its columns are separated by ${separator === ";" ? "semicolons" : "tabs"}; expected commas`,
  );
};

const parseRecords = (path: string, text: string): readonly CsvRecord[] => {
  try {
    return parse(text, {
      bom: true,
      info: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
    }) as never;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new UserError(`${path}:${String(error["lines"])}: the CSV is malformed: ${error.message}`);
  }
};

/** A table's rows as the schema says, with their lines; every entry of the schema must be a column, except optional ones. */
export const typedRows = <Entries extends v.ObjectEntries>(
  { path, columns, rows }: Table,
  schema: v.ObjectSchema<Entries, undefined>,
): readonly { readonly line: number; readonly row: v.InferOutput<typeof schema> }[] => {
  const missing = Object.entries(schema.entries).find(
    ([column, entry]) => entry.type !== "optional" && !columns.includes(column),
  );
  if (missing !== undefined) {
    throw new UserError(`${path}:1: there is no column "${missing[0]}"; the columns are ${columns.join(", ")}`);
  }
  return rows.map(({ line, cells }) => {
    const result = v.safeParse(schema, cells);
    if (result.success) return { line, row: result.output };
    const [issue] = result.issues;
    const column = v.getDotPath(issue) ?? "";
    throw new UserError(`${path}:${line}: ${column} is "${cells[column] ?? ""}"; expected ${issue.message}`);
  });
};

/** Cells of a table. */
export const text = v.pipe(v.string(), v.nonEmpty("some text"));
export const wholeNumber = v.pipe(v.string(), v.regex(/^\d+$/, "a whole number"), v.transform(Number));
