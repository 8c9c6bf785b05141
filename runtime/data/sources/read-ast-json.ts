import { quoted } from "../../../compiler/artifact/printable.ts";
import { dirname } from "node:path";
import { findNodeAtLocation, type ParseError, parse, parseTree } from "jsonc-parser";
import * as v from "valibot";
import { UserError } from "../../user-error.ts";
import type { Label, ListedClip, Listing } from "./listing.ts";
import { readBytes } from "../../files/read-bytes.ts";
import { locateClips } from "./locate-clips.ts";
import { readTable, text, typedRows, wholeNumber } from "./read-table.ts";

const clip = v.object(
  { wav: v.string("a path"), labels: v.string("identifiers separated by commas") },
  'an object with "wav" and "labels"',
);
const clips = v.pipe(v.array(clip, "a list of clips"), v.nonEmpty("a list of one clip or more"));
const file = v.object({ data: clips }, 'an object with "data"');

const labelRow = v.object({ index: wholeNumber, mid: text, display_name: text });

/**
 * Clips in AST's own form: `{"data": [{"wav": PATH, "labels": "MID,MID"}]}`, or that list alone, with a CSV of the columns index, mid and display_name.
 * Paths are relative to the JSON file.
 * @throws UserError naming the line.
 */
export const readAstJson = async (
  path: string,
  labelsPath: string | undefined,
  skipBad?: boolean,
): Promise<Listing> => {
  const source = (await readBytes(path)).toString("utf8").replace(/^\uFEFF/, ""); // the byte order mark of some Windows editors
  const { data, keys } = parseClips(path, source);
  if (labelsPath === undefined) {
    throw new UserError(
      "labels-unnamed",
      { path },
      "its labels are identifiers; a CSV with the columns index, mid and display_name names them",
    );
  }
  const names = await readLabelNames(labelsPath);
  const rows = data.map(({ wav, labels }, index) => {
    const where = () => ({ path, line: lineOf(source, [...keys, index, "labels"]) });
    const resolved = labels.split(",").map((mid): Label => {
      const label = names.get(mid.trim());
      if (label === undefined)
        throw new UserError(
          "label-undefined",
          { ...where(), label: mid.trim(), labels: labelsPath },
          `${labelsPath} has no label "${mid.trim()}"`,
        );
      return label;
    });
    return { text: wav, labels: resolved, where };
  });
  const { files, notes } = await locateClips(dirname(path), rows, [() => "."], skipBad);
  const listed = rows.map(({ text, labels, where }, index): ListedClip => ({
    path: text,
    ...files[index],
    labels,
    where,
  }));
  return { clips: listed, notes };
};

/** The clips, with the keys that lead to them: of the object, or none where the file is their list itself. */
const parseClips = (path: string, source: string) => {
  const content = parseJson(path, source);
  const result = Array.isArray(content) ? v.safeParse(clips, content) : v.safeParse(file, content);
  if (result.success) {
    return "data" in result.output ? { data: result.output.data, keys: ["data"] } : { data: result.output, keys: [] };
  }
  const [issue] = result.issues;
  const keys = issue.path?.map(({ key }) => key as string | number) ?? [];
  const what = keys.length === 0 ? "the file" : printKeys(keys);
  const fault = issue.input === undefined ? "is missing" : `should be ${issue.message}`;
  throw new UserError("list-malformed", { path, line: lineOf(source, keys) }, `${what} ${fault}`);
};

const parseJson = (path: string, source: string): unknown => {
  try {
    return JSON.parse(source);
  } catch {
    if (/^\s*\{.*\}\s*\n\s*\{/.test(source)) {
      throw new UserError(
        "json-lines",
        { path },
        "it holds one JSON object per line; give it a name that ends in .jsonl",
      );
    }
    const errors: ParseError[] = []; // JSON.parse's own error has no line
    parse(source, errors, { disallowComments: true });
    throw new UserError(
      "json-malformed",
      { path, line: lineAt(source, errors[0]?.offset ?? 0) },
      "the JSON is malformed",
    );
  }
};

const printKeys = (keys: readonly (string | number)[]): string =>
  keys.map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${key}`)).join("");

const lineAt = (source: string, offset: number): number => source.slice(0, offset).split("\n").length;

/** The line of a value, or of the nearest value around it that is there. */
const lineOf = (source: string, keys: readonly (string | number)[]): number => {
  const root = parseTree(source);
  const node = root && findNodeAtLocation(root, [...keys]);
  return node === undefined && keys.length > 0 ? lineOf(source, keys.slice(0, -1)) : lineAt(source, node?.offset ?? 0);
};

/** By identifier, the names that a label may have in the graph. */
const readLabelNames = async (path: string): Promise<ReadonlyMap<string, readonly [string, string, string]>> => {
  const lines = new Map<string, number>();
  const names = new Map<string, readonly [string, string, string]>();
  for (const { line, row } of typedRows(await readTable(path), labelRow)) {
    for (const name of new Set([row.mid, row.display_name])) {
      const earlier = lines.get(name);
      if (earlier !== undefined)
        throw new UserError(
          "label-defined-twice",
          { path, line, label: name },
          `${quoted(name)} stands on line ${earlier} already`,
        );
      lines.set(name, line);
    }
    names.set(row.mid, [row.display_name, row.mid, String(row.index)]);
  }
  return names;
};
