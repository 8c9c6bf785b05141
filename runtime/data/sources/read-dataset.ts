import { shortenList } from "../../text/shorten-list.ts";
import { plural } from "../../../compiler/artifact/plural.ts";
import { quoted } from "../../../compiler/artifact/printable.ts";
import { stat } from "node:fs/promises";
import { extname } from "node:path";
import type { ArtifactMetadata } from "../../../compiler/artifact/metadata.ts";
import { readFailure } from "../../files/read-failure.ts";
import { UserError } from "../../user-error.ts";
import type { Clip, Dataset } from "../dataset.ts";
import { isBackground, isBackgroundLabel } from "../background.ts";
import { embeddedClasses, embeddedClips, embeddedName } from "../embedded.ts";
import { findTables, type FoundTables } from "./find-tables.ts";
import { type Data, type GivenClips, nameOfData, readGivenClips } from "./given-clips.ts";
import type { ListedClip, Listing } from "./listing.ts";
import { mergeClips, type PlacedClip } from "./merge-clips.ts";
import { nearestNames } from "../../../compiler/artifact/nearest-names.ts";
import { readAstJson } from "./read-ast-json.ts";
import { readClassFolders } from "./read-class-folders.ts";
import { unwrapFolder } from "./unwrap-folder.ts";
import { readClipTables, type TableOptions } from "./read-clip-tables.ts";
import { readTable, tableExtensions } from "./read-table.ts";

export interface DatasetOptions {
  /** The graph's class names, by index; without them, the labels that the data has. */
  readonly classes?: readonly string[] | undefined;
  /** The graph's: single-label, and no clip may have several labels. */
  readonly objective?: ArtifactMetadata["objective"] | undefined;
  /** A folder, a table or a JSON file, or a list; without it, the embedded sounds. */
  readonly data?: Data | undefined;
  /** The CSV that names the labels of AST's JSON. */
  readonly labels?: string | undefined;
  /** The fold that is for evaluation, of data that has folds. */
  readonly fold?: number | undefined;
  /** Whether clips that are listed and not there are kept, to be left out as others that cannot be read. */
  readonly skipBad?: boolean | undefined;
}

/**
 * Reads what clips there are and what is heard in them; no audio yet.
 * Sources: a folder per class; the folder or the CSV of ESC-50, UrbanSound8K, FSD50K or an AudioFolder; AST's JSON; a CSV with path,
 * label and perhaps split or fold; the embedded sounds. Labels are the graph's classes by name. A file is one clip, however often
 * it is listed.
 * @throws UserError naming the file and line, where a source is malformed, a clip is missing or a label is unknown.
 */
export const readDataset = async ({
  classes,
  objective,
  data,
  labels,
  fold,
  skipBad,
}: DatasetOptions): Promise<Dataset> => {
  if (data === undefined) {
    const given = Object.entries({ fold, labels }).find(([, value]) => value !== undefined);
    if (given) throw new UserError("option-needs-data", { option: given[0] }, "is about clips of your own");
    return readEmbedded(classes ?? embeddedClasses);
  }
  const graphClasses = classes && new Set(classes.map((name) => name.normalize("NFC")));
  const name = nameOfData(data);
  const source =
    typeof data === "string" ? await openSource(data, graphClasses) : ({ kind: "given", given: data } as const);
  if (labels !== undefined && source.kind !== "json") {
    throw new UserError(
      "labels-not-needed",
      { option: "labels", data: name },
      `names the labels of AST's JSON; ${name} ${typeof data === "string" ? "is" : "are"} something else`,
    );
  }
  if (fold !== undefined && (source.kind === "folder" || source.kind === "json")) {
    throw new UserError(
      "no-folds",
      { option: "fold", data: name },
      `chooses one of the folds that data has; ${name} has none`,
    );
  }
  const listing = await listClips(source, { labels, fold, skipBad, classes: graphClasses });
  const known = classes ?? listLabels(listing.clips);
  const indices = new Map(known.map((name, index) => [name.normalize("NFC"), index]));
  const placed = listing.clips.map((listed): PlacedClip => {
    const clip = resolveLabels(listed, known, indices);
    if (objective === "single-label") requireOneLabel(listed, clip, known);
    return { clip, where: listed.where };
  });
  if (objective === "single-label" && known.length === 1) requireNoBackground(placed);
  const { clips: merged, notes } = mergeClips(placed, { classes: known, objective });
  // Data that has clips for training alone leaves it to us which of them are held out.
  const isDivided = merged.some(({ split }) => split === "validation" || split === "test");
  const clips = isDivided ? merged : merged.map((clip) => ({ ...clip, split: undefined }));
  return {
    name,
    classes: known,
    clips,
    notes: [
      ...listing.notes,
      ...notes,
      ...describeSimilar(name, classes ? [] : known),
      ...describeBackground(name, clips.filter(isBackground).length),
    ],
  };
};

/** The labels of the data, by their usual names: numbers by value, others by their characters. */
const listLabels = (clips: readonly ListedClip[]): readonly string[] => {
  const distinct = new Set<string>();
  for (const { labels } of clips) for (const [usual] of labels) distinct.add(usual.normalize("NFC"));
  const labels = [...distinct].filter((label) => !isBackgroundLabel(label, []));
  const isNumbered = labels.every((label) => /^\d+$/.test(label));
  return labels.sort(isNumbered ? (a, b) => Number(a) - Number(b) : undefined);
};

/** That a label was taken for no class. */
const describeBackground = (data: string, clips: number): readonly string[] =>
  clips === 0 ? [] : [`${data}: ${clips} ${plural(clips, "clip is", "clips are")} background, of none of the classes`];

/** Labels that are one, by all appearance. */
const describeSimilar = (data: string, labels: readonly string[]): readonly string[] => {
  const byForm = new Map<string, string>();
  return labels.flatMap((label) => {
    const form = label.toLowerCase().replaceAll(/[\s_-]+/g, " ");
    const other = byForm.get(form);
    byForm.set(form, label);
    return other === undefined ? [] : [`${data}: ${quoted(other)} and ${quoted(label)} are taken for two classes`];
  });
};

const readEmbedded = (classes: readonly string[]): Dataset => {
  const unknown = embeddedClasses.find((name) => !classes.includes(name));
  if (unknown !== undefined) {
    throw new UserError(
      "embedded-class-unknown",
      { class: unknown },
      `the embedded sounds have a class ${quoted(unknown)} and the graph has not`,
    );
  }
  return { name: embeddedName, classes, clips: embeddedClips(classes), notes: [] };
};

type Source =
  | { readonly kind: "json"; readonly path: string }
  | { readonly kind: "folder"; readonly path: string; readonly notes: readonly string[] }
  | ({ readonly kind: "tables" } & FoundTables)
  | { readonly kind: "given"; readonly given: GivenClips };

const openSource = async (path: string, classes: ReadonlySet<string> | undefined): Promise<Source> => {
  const stats = await stat(path).catch((error: unknown) => {
    throw readFailure(path, error);
  });
  if (stats.isDirectory()) {
    const inner = await unwrapFolder(path, classes);
    const unwrapped = inner === path ? [] : [`${inner}: is read, the only folder in ${path}`];
    const { tables, notes } = await findTables(inner);
    if (tables.length > 0) return { kind: "tables", tables, notes: [...unwrapped, ...notes] };
    return { kind: "folder", path: inner, notes: unwrapped };
  }
  const extension = extname(path).toLowerCase();
  if (extension === ".json") return { kind: "json", path };
  if (!tableExtensions.includes(extension)) {
    throw new UserError(
      "data-kind-unknown",
      { path },
      `expected a folder, or a file ending in ${tableExtensions.join(", ")} or .json`,
    );
  }
  return { kind: "tables", tables: [{ table: await readTable(path) }], notes: [] };
};

interface ListingOptions extends TableOptions {
  readonly labels: string | undefined;
}

const listClips = async (source: Source, { labels, ...options }: ListingOptions): Promise<Listing> => {
  switch (source.kind) {
    case "folder": {
      const { clips, notes } = await readClassFolders(source.path, options.classes);
      return { clips, notes: [...source.notes, ...notes] };
    }
    case "given":
      return readGivenClips(source.given, options);
    case "json":
      return readAstJson(source.path, labels, options.skipBad);
    case "tables": {
      const { clips, notes } = await readClipTables(source.tables, options);
      return { clips, notes: [...source.notes, ...notes] };
    }
  }
};

const requireOneLabel = ({ where }: ListedClip, { classIndices }: Clip, classes: readonly string[]): void => {
  if (classIndices.length <= 1) return;
  const labels = classIndices.map((index) => quoted(classes[index] ?? "")).join(" and ");
  throw new UserError(
    "several-labels",
    { ...where() },
    `the clip is ${labels}; the graph's objective is singleLabel, expected one label`,
  );
};

const resolveLabels = (
  { path, realPath, labels, split, fold, where }: ListedClip,
  classes: readonly string[],
  indices: ReadonlyMap<string, number>,
): Clip => {
  const classIndices = labels.flatMap((names) => {
    const index = names.map((name) => indices.get(name.normalize("NFC"))).find((index) => index !== undefined);
    if (index !== undefined) return [index];
    if (names.some((name) => isBackgroundLabel(name, indices.keys()))) return [];
    throw new UserError("label-unknown", { ...where(), label: names[0] }, unknownLabel(names[0], classes));
  });
  if (classIndices.length > 0 && classIndices.length < labels.length) {
    const label = quoted(classes[classIndices[0] ?? 0] ?? "");
    throw new UserError(
      "background-of-class",
      { ...where(), clip: path },
      `the clip is background and ${label}; background is of none of the classes`,
    );
  }
  return { name: path, source: { path, realPath }, classIndices: [...new Set(classIndices)], split, fold };
};

/** The only class has all of the score, whatever is heard: nothing could be learnt of background. */
const requireNoBackground = (placed: readonly PlacedClip[]): void => {
  const first = placed.find(({ clip }) => isBackground(clip));
  if (first === undefined) return;
  throw new UserError(
    "background-alike",
    { ...first.where(), clip: first.clip.name },
    "the clip is background, which a softmax of one class cannot tell from it; expected the objective multiLabel",
  );
};

const listedAtMost = 10;

const unknownLabel = (label: string, classes: readonly string[]): string => {
  const unknown = `the label ${quoted(label)} is not one of the graph's ${classes.length} classes`;
  const nearest = nearestNames(label, classes);
  if (nearest.length > 0) return `${unknown}; did you mean ${nearest.map(quoted).join(" or ")}?`;
  return `${unknown}: ${shortenList(classes.map(quoted), listedAtMost)}`;
};
