/** Parquet, by way of files of its rows: each a JSON array on a line, of the clip, its stretch in seconds, label and score. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { fileWriter, parquetWriteRows } from "hyparquet-writer";
import type { AnswerLine } from "./formats.ts";
import { replaceFile } from "../files/temporary-file.ts";

/** Rows that are held at once: of the usual names, a few megabytes. */
const rowGroupSize = 50_000;

const columns = [
  { name: "clip", type: "STRING", nullable: false },
  { name: "start_seconds", type: "DOUBLE", nullable: false },
  { name: "end_seconds", type: "DOUBLE", nullable: false },
  { name: "label", type: "STRING", nullable: false },
  { name: "score", type: "FLOAT", nullable: false },
] as const;

/** Rows of a file of lines. */
async function* readRows(lines: string): AsyncGenerator<Readonly<Record<string, unknown>>, void, undefined> {
  for await (const line of createInterface({ input: createReadStream(lines), crlfDelay: Infinity })) {
    const cells = JSON.parse(line) as readonly unknown[];
    yield Object.fromEntries(columns.map(({ name }, index) => [name, cells[index]]));
  }
}

/**
 * Writes a Parquet file, group by group of its rows.
 * @param lines a file of rows
 * @throws the file system's error; what was at `target` is then as it was
 */
export const writeParquet = (lines: string, target: string): Promise<void> =>
  replaceFile(target, async ({ path }) => {
    const rows = readRows(lines);
    await parquetWriteRows({
      writer: fileWriter(path),
      rows,
      columns: [...columns],
      rowGroupSize,
      createdBy: "specgraph",
    });
  });

/** A type as the file's schema has it. */
const typeNames = { STRING: "BYTE_ARRAY", DOUBLE: "DOUBLE", FLOAT: "FLOAT" } as const;

const schemaOf = (elements: readonly { readonly name: string; readonly type?: string }[]): string =>
  elements.map(({ name, type }) => `${name} ${type}`).join(", ");
const ownSchema = schemaOf(columns.map(({ name, type }) => ({ name, type: typeNames[type] })));

/** The rows of a file that `writeParquet` has written, as lines. @throws Error where it is none */
export async function* readParquetLines(path: string): AsyncGenerator<AnswerLine, void, undefined> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  if (schemaOf(metadata.schema.slice(1)) !== ownSchema) throw new Error("its columns are others");
  const count = Number(metadata.num_rows);
  for (let rowStart = 0; rowStart < count; rowStart += rowGroupSize) {
    const rowEnd = Math.min(count, rowStart + rowGroupSize);
    for (const row of await parquetReadObjects({ file, metadata, rowStart, rowEnd })) {
      yield { clip: String(row["clip"]), line: JSON.stringify(columns.map(({ name }) => row[name])) };
    }
  }
}
