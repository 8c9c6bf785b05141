import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import type { ArtifactMetadata } from "../../compiler/artifact.ts";
import { readFailure } from "../audio/read-failure.ts";
import { UserError } from "../user-error.ts";
import type { Clip, Dataset } from "./dataset.ts";
import { embeddedClips, embeddedClasses } from "./embedded.ts";
import type { ListedClip } from "./listing.ts";
import { nearestNames } from "./nearest-names.ts";
import { readAstJson } from "./read-ast-json.ts";
import { readClassFolders } from "./read-class-folders.ts";
import { readClipTable } from "./read-clip-table.ts";
import { isEscTable, readEsc } from "./read-esc.ts";
import { readTable, type Table } from "./read-table.ts";

export interface DatasetOptions {
  /** The graph's class names, by index; without them, the labels that the data has. */
  readonly classes?: readonly string[] | undefined;
  /** The graph's: single-label, and no clip may have several labels. */
  readonly objective?: ArtifactMetadata["objective"] | undefined;
  /** A folder, a CSV or a JSON file; without it, the embedded sounds. */
  readonly data?: string | undefined;
  /** The CSV that names the labels of AST's JSON. */
  readonly labels?: string | undefined;
  /** The fold of ESC-50's layout that is for evaluation. */
  readonly fold?: number | undefined;
}

/**
 * Reads what clips there are and what is heard in them; no audio yet.
 * Sources: a folder per class; ESC-50's folder or CSV; AST's JSON; a CSV with path, label and perhaps split; the embedded sounds.
 * Labels are the graph's classes by name.
 * @throws UserError naming the file and line, where a source is malformed, a clip is missing or a label is unknown.
 */
export const readDataset = async ({ classes, objective, data, labels, fold }: DatasetOptions): Promise<Dataset> => {
  if (data === undefined) {
    const given = Object.entries({ fold, labels }).find(([, value]) => value !== undefined);
    if (given) throw new UserError(`--${given[0]} is about clips of your own; name them with --data PATH`);
    return readEmbedded(classes ?? embeddedClasses);
  }
  const source = await openSource(data);
  if (labels !== undefined && source.kind !== "json") {
    throw new UserError(`--labels names the labels of AST's JSON; ${data} is something else`);
  }
  if (fold !== undefined && source.kind !== "esc") {
    throw new UserError(`--fold chooses a fold of ESC-50's layout; ${data} has no folds`);
  }
  const listed = await listClips(source, labels, fold);
  await requireFiles(listed);
  const known = classes ?? listLabels(listed);
  const indices = new Map(known.map((name, index) => [name, index]));
  const clips = listed.map((clip) => {
    const resolved = resolveLabels(clip, known, indices);
    if (objective === "single-label") requireOneLabel(clip, resolved, known);
    return resolved;
  });
  return { name: data, classes: known, clips };
};

/** The labels of the data, by their usual names: numbers by value, others by their characters. */
const listLabels = (clips: readonly ListedClip[]): readonly string[] => {
  const labels = [...new Set(clips.flatMap(({ labels }) => labels.map(([usual]) => usual)))];
  const isNumbered = labels.every((label) => /^\d+$/.test(label));
  return labels.sort(isNumbered ? (a, b) => Number(a) - Number(b) : undefined);
};

const readEmbedded = (classes: readonly string[]): Dataset => {
  const unknown = embeddedClasses.find((name) => !classes.includes(name));
  if (unknown !== undefined) {
    throw new UserError(
      `the embedded sounds have a class "${unknown}" and the graph has not; give clips of the graph's own classes: --data PATH`,
    );
  }
  return { name: "the embedded sounds", classes, clips: embeddedClips(classes) };
};

type Source =
  | { readonly kind: "folder" | "json"; readonly path: string }
  | { readonly kind: "esc" | "table"; readonly table: Table };

const openSource = async (path: string): Promise<Source> => {
  const stats = await stat(path).catch((error: unknown) => {
    throw new UserError(`${path}: ${readFailure(error)}`);
  });
  const escTable = join(path, "meta", "esc50.csv");
  if (stats.isDirectory()) {
    return existsSync(escTable) ? { kind: "esc", table: await readTable(escTable) } : { kind: "folder", path };
  }
  const extension = extname(path).toLowerCase();
  if (extension === ".json") return { kind: "json", path };
  if (extension !== ".csv") throw new UserError(`${path}: expected a folder, a .csv or a .json file`);
  const table = await readTable(path);
  return { kind: isEscTable(table) ? "esc" : "table", table };
};

const listClips = async (source: Source, labels?: string, fold?: number): Promise<readonly ListedClip[]> => {
  switch (source.kind) {
    case "folder":
      return readClassFolders(source.path);
    case "json":
      return readAstJson(source.path, labels);
    case "esc":
      return readEsc(source.table, fold);
    case "table":
      return readClipTable(source.table);
  }
};

/** Reads each folder once: a look at every file of a large data set would take minutes. */
const requireFiles = async (clips: readonly ListedClip[]): Promise<void> => {
  const folders = new Map<string, Set<string>>();
  for (const folder of new Set(clips.map(({ path }) => dirname(path)))) {
    folders.set(folder, new Set(await readdir(folder).catch(() => [])));
  }
  const missing = clips.filter(({ path }) => !folders.get(dirname(path))?.has(basename(path)));
  const [first] = missing;
  if (first === undefined) return;
  throw new UserError(
    `${first.where()}: there is no file ${first.path}; ${missing.length} of ${clips.length} clips ${missing.length === 1 ? "is" : "are"} missing`,
  );
};

const requireOneLabel = ({ where }: ListedClip, { classIndices }: Clip, classes: readonly string[]): void => {
  if (classIndices.length === 1) return;
  const labels = classIndices.map((index) => `"${classes[index]}"`).join(" and ");
  throw new UserError(`${where()}: the clip is ${labels}; the graph's objective is singleLabel, expected one label`);
};

const resolveLabels = (
  { path, labels, split, fold, where }: ListedClip,
  classes: readonly string[],
  indices: ReadonlyMap<string, number>,
): Clip => {
  const classIndices = labels.map((names) => {
    const name = names.find((name) => indices.has(name));
    const index = name === undefined ? undefined : indices.get(name);
    if (index === undefined) throw new UserError(`${where()}: ${unknownLabel(names[0], classes)}`);
    return index;
  });
  return { name: path, source: { path }, classIndices: [...new Set(classIndices)], split, fold };
};

const listedAtMost = 10;

const unknownLabel = (label: string, classes: readonly string[]): string => {
  const quote = (names: readonly string[], conjunction: string) => names.map((name) => `"${name}"`).join(conjunction);
  const unknown = `the label "${label}" is not one of the graph's ${classes.length} classes`;
  const nearest = nearestNames(label, classes);
  if (nearest.length > 0) return `${unknown}; did you mean ${quote(nearest, " or ")}?`;
  const rest = classes.length > listedAtMost ? ", ..." : "";
  return `${unknown}: ${quote(classes.slice(0, listedAtMost), ", ")}${rest}`;
};
