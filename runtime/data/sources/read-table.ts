/** Tables as text: CSV and its kin, and JSON Lines. */
import { quoted } from "../../../compiler/artifact/printable.ts";
import { isUtf8 } from "node:buffer";
import { extname } from "node:path";
import { CsvError, parse } from "csv-parse/sync";
import * as v from "valibot";
import { UserError } from "../../user-error.ts";
import { readBytes } from "../../files/read-bytes.ts";

/** A table with a header. */
export interface Table {
  readonly path: string;
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
}

export interface TableRow {
  readonly line: number;
  /** As many as there are columns. */
  readonly cells: readonly string[];
}

export const tableExtensions: readonly string[] = [".csv", ".tsv", ".jsonl"];

/** @throws UserError naming the file, and the line where its syntax is wrong. */
export const readTable = async (path: string): Promise<Table> => {
  const bytes = await readUtf8(path);
  return extname(path).toLowerCase() === ".jsonl" ? readJsonLines(path, bytes.toString("utf8")) : readCsv(path, bytes);
};

/** A file of text as UTF-8. @throws UserError where it is no text */
export const readUtf8 = async (path: string): Promise<Buffer> => toUtf8(path, await readBytes(path));

/** UTF-8 without its mark, of UTF-8 or of UTF-16 that says so, as Excel's "Unicode text". */
const toUtf8 = (path: string, bytes: Buffer): Buffer => {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return Buffer.from(new TextDecoder("utf-16le").decode(bytes));
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return Buffer.from(new TextDecoder("utf-16be").decode(bytes));
  if (!isUtf8(bytes)) {
    throw new UserError(
      "not-utf8",
      { path, line: lineOfFault(bytes) },
      `its text is not UTF-8; save it as "CSV UTF-8"`,
    );
  }
  if (bytes.includes(0)) throw new UserError("not-utf8", { path }, `this is no text; save it as "CSV UTF-8"`);
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
};

const lineOfFault = (bytes: Buffer): number => {
  for (let [line, start] = [1, 0]; ; line++) {
    const end = bytes.indexOf(0x0a, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
};

const readCsv = (path: string, bytes: Buffer): Table => {
  let columns: readonly string[] | undefined;
  const rows: TableRow[] = [];
  parseCsv(path, bytes, (cells, line) => {
    if (columns === undefined) {
      columns = cells;
      requireDistinct(path, line, columns);
      return;
    }
    if (cells.length !== columns.length) {
      throw new UserError(
        "columns-miscounted",
        { path, line, expected: columns.length, found: cells.length },
        `expected ${columns.length} columns as in the header, found ${cells.length}`,
      );
    }
    rows.push({ line, cells });
  });
  if (columns === undefined)
    throw new UserError("table-empty", { path }, "the file is empty; expected a header and one row per clip");
  if (rows.length === 0) throw new UserError("table-empty", { path }, "it has a header and no rows");
  return { path, columns, rows };
};

const requireDistinct = (path: string, line: number, columns: readonly string[]): void => {
  const named = columns.filter((name) => name !== "");
  const twice = named.find((name, index) => named.indexOf(name) !== index);
  if (twice !== undefined)
    throw new UserError("column-twice", { path, line, column: twice }, `there are two columns ${quoted(twice)}`);
};

/** As far as a header may go. */
const headerBytes = 2 ** 16;

/** Spreadsheets write other separators than commas where the comma is the decimal mark. */
const separatorOf = (text: string): string => {
  const header = (/^.*/.exec(text.trimStart())?.[0] ?? "").replaceAll(/"[^"]*"/g, "");
  return [",", ";", "\t", "|"].find((separator) => header.includes(separator)) ?? ",";
};

/** A cell between tabs that is quoted as a whole, as spreadsheets do where it holds a comma. */
const unquoted = (cell: string): string =>
  /^"(?:[^"]|"")*"$/.test(cell) ? cell.slice(1, -1).replaceAll('""', '"').trim() : cell;

const parseCsv = (path: string, bytes: Buffer, onRow: (cells: readonly string[], line: number) => void): void => {
  let last = 0;
  const delimiter = separatorOf(bytes.toString("utf8", 0, headerBytes));
  try {
    parse(bytes, {
      delimiter,
      // Between tabs quotes may stand for themselves, as in Common Voice's sentences.
      quote: delimiter === "\t" ? false : '"',
      trim: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      relax_column_count: true,
      // Rows are handed on as they come, as the parser would keep more of each than its cells.
      on_record: (cells: string[], { lines }) => {
        onRow(delimiter === "\t" ? cells.map(unquoted) : cells, lines);
        last = lines;
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (error.code === "CSV_QUOTE_NOT_CLOSED") {
      throw new UserError("csv-malformed", { path, line: last + 1 }, "a quote is opened here and never closed");
    }
    throw new UserError(
      "csv-malformed",
      { path, line: Number(error["lines"]) },
      `the CSV is malformed: ${error.message}`,
    );
  }
};

const jsonRow = v.record(v.string(), v.unknown());

const readJsonLines = (path: string, text: string): Table => {
  const lines = text.split(/\r?\n/).map((source, index) => ({ source, line: index + 1 }));
  const records = lines
    .filter(({ source }) => source.trim() !== "")
    .map(({ source, line }) => {
      const { success, output } = v.safeParse(v.pipe(v.string(), v.parseJson(), jsonRow), source);
      if (success) return { line, record: output };
      throw new UserError("json-malformed", { path, line }, "expected one JSON object");
    });
  const columns = [...new Set(records.flatMap(({ record }) => Object.keys(record)))];
  if (records.length === 0)
    throw new UserError("table-empty", { path }, "the file is empty; expected one JSON object per clip");
  return {
    path,
    columns,
    rows: records.map(({ line, record }) => ({ line, cells: columns.map((column) => cellOf(record[column])) })),
  };
};

const cellOf = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(cellOf).join(";");
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
};

/** A table's rows as the schema says, with their lines; every entry of the schema must be a column. */
export const typedRows = <Entries extends v.ObjectEntries>(
  { path, columns, rows }: Table,
  schema: v.ObjectSchema<Entries, undefined>,
): readonly { readonly line: number; readonly row: v.InferOutput<typeof schema> }[] => {
  const missing = Object.keys(schema.entries).find((column) => !columns.includes(column));
  if (missing !== undefined) {
    throw new UserError(
      "column-missing",
      { path, line: 1, column: missing },
      `there is no column ${quoted(missing)}; the columns are ${columns.join(", ")}`,
    );
  }
  return rows.map(({ line, cells }) => {
    const record = Object.fromEntries(columns.map((column, index) => [column, cells[index]]));
    const result = v.safeParse(schema, record);
    if (result.success) return { line, row: result.output };
    const [issue] = result.issues;
    const column = v.getDotPath(issue) ?? "";
    throw new UserError(
      "cell-malformed",
      { path, line, column, value: record[column], expected: issue.message },
      `${column} is "${record[column] ?? ""}"; expected ${issue.message}`,
    );
  });
};

/** Cells of a table. */
export const text = v.pipe(v.string(), v.nonEmpty("some text"));
export const wholeNumber = v.pipe(v.string(), v.regex(/^\d+$/, "a whole number"), v.transform(Number));
