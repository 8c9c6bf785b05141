/** Tables of clips, and what known data sets call their columns and folders. */
import { plural } from "../../../compiler/artifact/plural.ts";
import { quoted } from "../../../compiler/artifact/printable.ts";
import { basename, dirname, extname, isAbsolute } from "node:path";
import { isAudioName } from "../../audio/is-audio-name.ts";
import { type Where, UserError } from "../../user-error.ts";
import type { Split } from "../dataset.ts";
import type { Label, ListedClip, Listing } from "./listing.ts";
import { locateClips, type Place, type WantedClip } from "./locate-clips.ts";
import { type Part, partNames, partOf } from "./split-names.ts";
import type { Table, TableRow } from "./read-table.ts";
import { splitByFold } from "./split-by-fold.ts";

/** What columns are called, the likelier name first; in any case. */
const columnNames = {
  path: "path filepath file_path file_name filename file audio wav clip slice_file_name fname audio_filepath".split(
    " ",
  ),
  label: "label labels class classes class_name category tag tags primary_label scene_label".split(" "),
  /** Another name for each label, as a graph's numbered classes have. */
  otherName: "target classid mids".split(" "),
  split: "split subset set partition".split(" "),
  fold: ["fold"],
} as const;

/** Columns of several labels, which commas separate too. */
const pluralNames = new Set(["labels", "classes", "tags"]);

/** Where clips are, as seen from their table: beside it, or where known data sets have them, such as ESC-50, FSD50K and BirdCLEF. */
export const placesOf = (table: string): readonly [Place, ...Place[]] => {
  const name = basename(table, extname(table));
  return [
    () => ".",
    () => "audio",
    () => "../audio",
    ({ fold }) => `../audio/fold${fold}`,
    ({ fold }) => `audio/fold${fold}`,
    () => `../FSD50K.${name}_audio`,
    () => `FSD50K.${name}_audio`,
    () => `../FSDnoisy18k.audio_${name}`,
    () => `audio_${name}`,
    () => "train_audio",
    () => "clips",
    () => "..",
  ];
};

export interface TableSource {
  readonly table: Table;
  /** What all its clips are for, where it does not say itself. */
  readonly split?: Split | undefined;
}

export interface TableOptions {
  /** The graph's classes, which tell where a label ends. */
  readonly classes?: ReadonlySet<string> | undefined;
  /** The fold that is for evaluation; default: the lowest. Folds are left alone where the table says what clips are for. */
  readonly fold?: number | undefined;
  /** See `locateClips`. */
  readonly skipBad?: boolean | undefined;
}

const findColumn = ({ columns }: Table, names: readonly string[]): number => {
  const lower = columns.map((column) => column.toLowerCase());
  return names.map((name) => lower.indexOf(name)).find((index) => index >= 0) ?? -1;
};

/** Whether the table lists clips and what is heard in them. */
export const isClipTable = (table: Table): boolean =>
  [columnNames.path, columnNames.label].every((names) => findColumn(table, names) >= 0);

const requireColumn = (table: Table, names: readonly string[], of: string): number => {
  const index = findColumn(table, names);
  if (index >= 0) return index;
  if (table.columns.some(isAudioName)) {
    throw new UserError(
      "header-missing",
      { path: table.path, line: 1 },
      "its first line is a clip's; expected a header, such as path,label",
    );
  }
  throw new UserError(
    "column-missing",
    { path: table.path, line: 1, column: names[0] },
    `there is no column "${names[0]}" with ${of}; the columns are ${table.columns.join(", ")}`,
  );
};

/** The items of a list as Python and JSON write it, `['a', "b"]`, which is how pandas saves one; undefined where it is none. */
const listItems = (cell: string): readonly string[] | undefined =>
  /^\[\s*(?:'[^']*'|"[^"]*")(?:\s*,\s*(?:'[^']*'|"[^"]*"))*\s*\]$/.test(cell)
    ? Array.from(cell.matchAll(/'([^']*)'|"([^"]*)"/g), ([, single, double]) => (single ?? double ?? "").trim())
    : undefined;

/** A cell's labels. They may hold commas themselves, as AudioSet's "Male speech, man speaking"; the graph's classes tell. */
const splitLabels = (cell: string, isPlural: boolean, classes: ReadonlySet<string> | undefined): readonly string[] => {
  const items = listItems(cell);
  if (items !== undefined) return items.filter((item) => item !== "");
  const trim = (parts: readonly string[]) => parts.map((part) => part.trim()).filter((part) => part !== "");
  return trim(cell.split(";")).flatMap((label) => {
    if (classes?.has(label.normalize("NFC"))) return [label];
    const known = [",", "|"]
      .map((separator) => trim(label.split(separator)))
      .find((parts) => parts.length > 1 && parts.every((part) => classes?.has(part.normalize("NFC"))));
    if (known) return known;
    const isList = isPlural ? !cell.includes(";") : classes === undefined && /,\S/.test(label) && !/,\s/.test(label);
    return isList ? trim(label.split(",")) : [label];
  });
};

const labelsOf = (names: readonly string[], others: readonly string[]): readonly Label[] =>
  names.map((name, index): Label => {
    const other = others.length === names.length ? others[index] : undefined;
    return other === undefined ? [name] : [name, other];
  });

/** The clips' files that a table names, whatever its other columns. @throws UserError naming the line without one */
export const clipFilesOf = (table: Table): readonly WantedClip[] => {
  const path = requireColumn(table, columnNames.path, "the clips' files");
  return table.rows.map((row) => {
    const text = row.cells[path] ?? "";
    if (text !== "") return { text, where: lineOf(table, row) };
    const expected = "a file's path";
    throw new UserError(
      "cell-malformed",
      { ...lineOf(table, row)(), column: table.columns[path], value: "", expected },
      `${table.columns[path]} is ""; expected ${expected}`,
    );
  });
};

interface ReadRow {
  readonly text: string;
  readonly labels: readonly Label[];
  readonly part: Part | undefined;
  readonly fold: number | undefined;
  readonly where: () => Where;
}

const lineOf = ({ path }: Table, { line }: TableRow): (() => Where) => {
  return () => ({ path, line });
};

/** How a table's rows are read, with a message for each cell that is none of its kind. */
const rowReader = (table: Table, classes: ReadonlySet<string> | undefined): ((row: TableRow) => ReadRow) => {
  const path = requireColumn(table, columnNames.path, "the clips' files");
  const label = requireColumn(table, columnNames.label, "what is heard in them");
  const isPlural = pluralNames.has(table.columns[label]?.toLowerCase() ?? "");
  const isFilled = (index: number): boolean => index >= 0 && table.rows.some(({ cells }) => cells[index] !== "");
  const [split = -1, fold = -1, other = -1] = [columnNames.split, columnNames.fold, columnNames.otherName]
    .map((names) => findColumn(table, names))
    .map((index) => (isFilled(index) ? index : -1));
  const refuse = (row: TableRow, index: number, expected: string): never => {
    const cell = row.cells[index] ?? "";
    throw new UserError(
      "cell-malformed",
      { ...lineOf(table, row)(), column: table.columns[index], value: cell, expected },
      `${table.columns[index]} is ${quoted(cell)}; expected ${expected}`,
    );
  };
  // Millions of clips have few different labels: those of the same are one list.
  const known = new Map<string, readonly Label[]>();
  const labelsIn = (cell: string, otherCell: string): readonly Label[] => {
    const key = JSON.stringify([cell, otherCell]);
    const labels =
      known.get(key) ?? labelsOf(splitLabels(cell, isPlural, classes), splitLabels(otherCell, true, classes));
    known.set(key, labels);
    return labels;
  };
  return (row) => {
    const cell = (index: number): string => row.cells[index] ?? "";
    const part = split < 0 ? undefined : partOf(cell(split));
    if (split >= 0 && part === undefined) refuse(row, split, `one of ${partNames.join(", ")}`);
    if (fold >= 0 && !/^\d+(\.0*)?$/.test(cell(fold))) refuse(row, fold, "a whole number");
    if (cell(path) === "") refuse(row, path, "a file's path");
    const labels = labelsIn(cell(label), cell(other));
    if (labels.length === 0 && part !== "unlabeled") refuse(row, label, "some text");
    return {
      text: cell(path),
      labels,
      part,
      fold: fold < 0 ? undefined : Number(cell(fold)),
      where: lineOf(table, row),
    };
  };
};

/** Columns that say which part of a file is meant. */
const segmentNames = new Set("start end start_time end_time onset offset begin_time".split(" "));

/** Clips are whole files; UrbanSound8K's are cut out already. */
const describeSegments = (table: Table): readonly string[] => {
  const segments = table.columns.filter((name) => segmentNames.has(name.toLowerCase()));
  if (segments.length === 0 || findColumn(table, ["slice_file_name"]) >= 0) return [];
  return [
    `${table.path}: a clip is a whole file; ${segments.join(", ")} ${plural(segments.length, "is", "are")} not read`,
  ];
};

/** What each clip is for by the first folder of its path, where all of them lie in folders of parts. */
const partsByFolder = (rows: readonly ReadRow[]): readonly Part[] | undefined => {
  if (rows.some(({ part, fold, text }) => part !== undefined || fold !== undefined || isAbsolute(text)))
    return undefined;
  const parts = rows.map(({ text }) => {
    const [first = "", ...rest] = text.replace(/^\.[/\\]/, "").split(/[/\\]/);
    return rest.length > 0 ? partOf(first) : undefined;
  });
  const known = parts.filter((part) => part !== undefined);
  return known.length === rows.length && new Set(known).size > 1 ? known : undefined;
};

const readClipTable = async (
  { table, split }: TableSource,
  { classes, fold, skipBad }: TableOptions,
): Promise<Listing> => {
  const all = table.rows.map(rowReader(table, classes));
  const byFolder = partsByFolder(all);
  const rows = all.flatMap((row, index) => {
    const part = row.part ?? byFolder?.[index] ?? split;
    return part === "unlabeled" ? [] : [{ ...row, part }];
  });
  const leftOut = all.length - rows.length;
  const byFold = splitByFold(table.path, rows, fold);
  const { files, notes } = await locateClips(dirname(table.path), rows, placesOf(table.path), skipBad);
  const isDivided = rows.some(({ part }) => part === "validation" || part === "test");
  const clips = rows.map(({ text, labels, part, fold: own, where }, index): ListedClip => {
    const foldSplit = byFold(own);
    const { path = text, realPath } = files[index] ?? {};
    return {
      path,
      realPath,
      labels,
      split: fold === undefined && (isDivided || foldSplit === undefined) ? part : foldSplit,
      fold: own,
      where,
    };
  });
  return {
    clips,
    notes: [
      ...notes,
      ...describeSegments(table),
      ...(byFolder ? [`${table.path}: what clips are for is taken from the first folder of their paths`] : []),
      ...(leftOut > 0
        ? [`${table.path}: ${leftOut} unlabeled ${plural(leftOut, "clip is", "clips are")} left out`]
        : []),
    ],
  };
};

/**
 * Clips of one table, or of one for each part of a data set. Columns are a path, relative to the table; a label, several of
 * them separated by ";" (in a column "labels" also by commas); and, if it likes, a split or a fold.
 * So are read: tables of one's own; ESC-50 (Piczak 2015) and UrbanSound8K (Salamon 2014), whose clips of one recording share a
 * fold, so that a random split would leak; FSD50K (Fonseca 2022); AudioFolder's metadata, of Hugging Face.
 * @throws UserError naming the line
 */
export const readClipTables = async (sources: readonly TableSource[], options: TableOptions): Promise<Listing> => {
  const listings: Listing[] = [];
  for (const source of sources) listings.push(await readClipTable(source, options));
  return { clips: listings.flatMap(({ clips }) => clips), notes: listings.flatMap(({ notes }) => notes) };
};
