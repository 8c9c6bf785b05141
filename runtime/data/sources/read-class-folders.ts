import { plural } from "../../../compiler/artifact/plural.ts";
import { extname, join, sep } from "node:path";
import { shortenList } from "../../text/shorten-list.ts";
import { isAudioName } from "../../audio/is-audio-name.ts";
import { UserError } from "../../user-error.ts";
import type { Split } from "../dataset.ts";
import { fileIn, type Folder, listFolder } from "./list-folder.ts";
import type { ListedClip, Listing } from "./listing.ts";
import { readPartLists } from "./read-part-lists.ts";
import { type Part, partOf } from "./split-names.ts";
import { tableExtensions } from "./read-table.ts";

/** What is found on the way through the folders. */
interface Finds {
  readonly clips: ListedClip[];
  readonly notes: string[];
  /** Files that hold no sound, by their names. */
  readonly others: string[];
}

/**
 * Clips in one folder per class, at any depth within it; or first in folders named train, val, test and so on, with one folder per
 * class in each. Links are followed.
 * @param classes the graph's: a folder named as one of them is of that class
 * @throws UserError where a folder has no classes, no class has a clip, or it does not say whether a folder is a class or a part
 */
export const readClassFolders = async (path: string, classes: ReadonlySet<string> | undefined): Promise<Listing> => {
  const finds: Finds = { clips: [], notes: [], others: [] };
  const top = await openFolder(path);
  const lists = filesOf(top).filter((name) => listExtensions.has(extname(name).toLowerCase()));
  const [list, ...otherLists] = lists;
  const [only, ...rest] = foldersOf(top);
  if (only === undefined || (rest.length === 0 && list !== undefined && partOf(only) === undefined)) {
    const there = only === undefined ? "there are no sub-folders" : `there is one sub-folder, ${only}`;
    const expected = "expected one per class, with that class's clips in it";
    throw new UserError("no-class-folders", { path, list: list && join(path, list) }, `${there}; ${expected}`);
  }
  await readTop(top, classes, finds);
  if (finds.clips.length === 0) throw new UserError("no-clips", { path }, "there are no clips in its folders");
  const unread = list === undefined ? [] : [describeUnread(path, [list, ...otherLists])];
  const notes = [...unread, ...finds.notes, ...describeOthers(path, finds.others)];
  return readPartLists(path, filesOf(top), { clips: finds.clips, notes });
};

const listExtensions: ReadonlySet<string> = new Set([...tableExtensions, ".json"]);

const describeUnread = (path: string, [first, ...others]: readonly [string, ...string[]]): string => {
  const more = others.length > 0 ? ` and ${others.length} more` : "";
  return `${path}: its folders are read, not ${first}${more} beside them; to read it, name ${join(path, first)}`;
};

/**
 * The folder within folders that archives have put around a data set: of each there is but one, and no clip beside it.
 * @param classes the graph's: a folder of such a name is a class
 */
export const unwrapFolder = async (
  path: string,
  classes: ReadonlySet<string> | undefined,
  above: readonly string[] = [],
): Promise<string> => {
  const folder = await openFolder(path);
  const [only] = foldersOf(folder);
  const isWrapper = only !== undefined && !isDataset(folder) && !filesOf(folder).some(isAudioName);
  if (!isWrapper || classes?.has(labelOf(only)) || above.includes(folder.realPath)) return path;
  const inner = await unwrapFolder(join(path, only), classes, [...above, folder.realPath]);
  return isDataset(await openFolder(inner)) ? inner : path;
};

/** Whether a folder holds more than one that is put around others: a list, parts or several folders. */
const isDataset = (folder: Folder): boolean => {
  const names = foldersOf(folder);
  const hasList = filesOf(folder).some((name) => listExtensions.has(extname(name).toLowerCase()));
  return hasList || names.length > 1 || names.some((name) => partOf(name) !== undefined);
};

const foldersOf = ({ entries }: Folder): readonly string[] =>
  [...entries].flatMap(([name, kind]) => (kind === "folder" ? [name] : []));

const filesOf = ({ entries }: Folder): readonly string[] =>
  [...entries].flatMap(([name, kind]) => (kind === "folder" ? [] : [name]));

/** @throws UserError where a name in it is not UTF-8: a clip that is left out silently is missed by nobody */
const openFolder = async (path: string): Promise<Folder> => {
  const folder = await listFolder(path);
  const [first, ...others] = folder.unreadable;
  if (first === undefined) return folder;
  const count = others.length > 0 ? `, and ${others.length} more there` : "";
  throw new UserError(
    "name-not-utf8",
    { path: join(path, first) },
    `a name that is not UTF-8${count}; rename it (convmv renames whole folders)`,
  );
};

/** A folder among the parts or the classes. */
interface Child {
  readonly name: string;
  readonly folder: Folder;
  /** What it may be a part for, by its name. */
  readonly part: Part | undefined;
}

/** Speech Commands' recordings of noise, of which clips are to be cut. */
const backgroundNoise = "_background_noise_";

const openChildren = (folder: Folder, classes: ReadonlySet<string> | undefined): Promise<readonly Child[]> =>
  Promise.all(
    foldersOf(folder).map(async (name) => {
      const part = name === backgroundNoise ? "unlabeled" : partOf(name);
      const isClass = part === "unlabeled" && classes?.has(labelOf(name));
      return { name, folder: await openFolder(join(folder.path, name)), part: isClass ? undefined : part };
    }),
  );

/** The label that a folder's name is: without the spaces that cannot be seen at its ends. */
const labelOf = (name: string): string => name.trim().normalize("NFC");

const readTop = async (top: Folder, classes: ReadonlySet<string> | undefined, finds: Finds): Promise<void> => {
  const children = await openChildren(top, classes);
  const areParts = await hasParts(top, children, classes, finds);
  const divided = areParts ? [] : children.filter(({ folder, part }) => part !== "unlabeled" && isDivided(folder));
  const areDivided = divided.length === children.filter(({ part }) => part !== "unlabeled").length;
  noteStrayClips(top, finds);
  for (const { name, folder, part } of children) {
    if (part === "unlabeled") await noteLeftOut(folder, [top], finds);
    else if (areParts && part !== undefined) await readPart(folder, part, { top, classes, finds });
    else if (areDivided) await readDivided(folder, labelOf(name), { top, finds });
    else await addClass(folder, labelOf(name), undefined, [top], finds);
  }
  const [first] = divided;
  if (first && !areDivided) {
    const names = foldersOf(first.folder).join(", ");
    finds.notes.push(`${first.folder.path}: ${names} in it are not taken for parts, as other classes have none`);
  }
};

/** Whether there is nothing but parts in a class's folder. */
const isDivided = (folder: Folder): boolean => {
  const names = foldersOf(folder);
  return names.length > 0 && names.every((name) => partOf(name) !== undefined) && !filesOf(folder).some(isAudioName);
};

/** The parts of a class, where each class has its own. */
const readDivided = async (
  folder: Folder,
  label: string,
  { top, finds }: { readonly top: Folder; readonly finds: Finds },
): Promise<void> => {
  for (const { folder: inner, part } of await openChildren(folder, undefined)) {
    if (part === "unlabeled") await noteLeftOut(inner, [top, folder], finds);
    else await addClass(inner, label, part, [top, folder], finds);
  }
};

const listNames = (children: readonly Child[]): string =>
  shortenList(
    children.map(({ name }) => name),
    3,
  );

const nameParts = (parts: readonly Child[]): string =>
  `${listNames(parts)} ${plural(parts.length, "names a part", "name parts")} of the data`;

/**
 * Whether folders are the data's parts, such as train and test, rather than its classes. A graph may have a class "train".
 * @throws UserError where they can be neither
 */
const hasParts = async (
  top: Folder,
  children: readonly Child[],
  classes: ReadonlySet<string> | undefined,
  { notes }: Finds,
): Promise<boolean> => {
  const { path } = top;
  const parts = children.filter(({ part }) => part !== undefined && part !== "unlabeled");
  const others = children.filter(({ part }) => part === undefined);
  const areInGraph = parts.every(({ name }) => classes?.has(labelOf(name)));
  const haveFolders = parts.some(({ folder }) => foldersOf(folder).length > 0);
  if (parts.length === 0) {
    requireNoFolds(path, others);
    return false;
  }
  if (areInGraph && (others.length > 0 || !haveFolders)) return false;
  if (others.length === 0) {
    if (haveFolders) return true;
    throw new UserError(
      "parts-without-classes",
      { path },
      `${nameParts(parts)}, without folders of classes; expected ${join(path, parts[0]?.name ?? "", "CLASS")}, or a CSV that lists the clips`,
    );
  }
  if (!haveFolders && classes === undefined) {
    notes.push(
      `${path}: ${listNames(parts)} ${plural(parts.length, "is", "are")} taken for a class, as ${listNames(others)}`,
    );
    return false;
  }
  const holders = await Promise.all(others.map(({ folder }) => readClass(folder, "", undefined, [top])));
  if (haveFolders && holders.every(({ clips }) => clips.length === 0)) return true;
  throw new UserError(
    "parts-beside-classes",
    { path },
    `${nameParts(parts)}, and ${listNames(others)} beside ${plural(parts.length, "it", "them")} ${plural(others.length, "does", "do")} not; expected folders of classes in folders of parts, such as ${join(path, "train", others[0]?.name ?? "")}, or a CSV that lists the clips`,
  );
};

const requireNoFolds = (path: string, children: readonly Child[]): void => {
  if (children.length === 0 || !children.every(({ name }) => /^fold[\s_-]*\d+$/i.test(name))) return;
  throw new UserError(
    "folds-without-classes",
    { path },
    `${listNames(children)} are folds, which do not tell the classes; expected UrbanSound8K's metadata/UrbanSound8K.csv beside audio/, or a CSV with the columns path, label and fold`,
  );
};

const readPart = async (
  folder: Folder,
  split: Split,
  {
    top,
    classes,
    finds,
  }: { readonly top: Folder; readonly classes: ReadonlySet<string> | undefined; readonly finds: Finds },
): Promise<void> => {
  noteStrayClips(folder, finds);
  for (const child of await openChildren(folder, classes)) {
    if (child.part === "unlabeled") await noteLeftOut(child.folder, [top, folder], finds);
    else await addClass(child.folder, labelOf(child.name), split, [top, folder], finds);
  }
};

const noteLeftOut = async (folder: Folder, above: readonly Folder[], { notes }: Finds): Promise<void> => {
  const { clips } = await readClass(folder, "", undefined, above);
  const count = `${clips.length} ${plural(clips.length, "clip is", "clips are")}`;
  if (clips.length > 0) notes.push(`${folder.path}: ${count} of no class, and left out`);
};

const noteStrayClips = (folder: Folder, { notes }: Finds): void => {
  const stray = filesOf(folder).filter(isAudioName);
  if (stray.length === 0) return;
  const count = `${stray.length} ${plural(stray.length, "clip is", "clips are")}`;
  notes.push(`${folder.path}: ${count} in no class's folder, and left out: ${shortenList(stray, 3)}`);
};

const addClass = async (
  folder: Folder,
  label: string,
  split: Split | undefined,
  above: readonly Folder[],
  finds: Finds,
): Promise<void> => {
  const { clips, others } = await readClass(folder, label, split, above);
  for (const clip of clips) finds.clips.push(clip);
  for (const other of others) finds.others.push(other);
  if (clips.length === 0) finds.notes.push(`${folder.path}: holds no clips, and is left out`);
};

/** The clips of a class, at any depth. @param above the folders that lead here */
const readClass = async (top: Folder, label: string, split: Split | undefined, above: readonly Folder[]) => {
  const [clips, others]: [ListedClip[], string[]] = [[], []];
  const seen = new Set<string>();
  const where = () => ({ path: top.path });
  const labels = [[label]] as const;
  const walk = async (folder: Folder, above: readonly Folder[]): Promise<void> => {
    if (above.some(({ realPath }) => `${realPath}${sep}`.startsWith(`${folder.realPath}${sep}`))) {
      throw new UserError("link-circle", { path: folder.path }, "this link leads to a folder that it is in; delete it");
    }
    if (seen.has(folder.realPath)) return; // by another link: the same clips, of the same class
    seen.add(folder.realPath);
    for (const name of filesOf(folder)) {
      if (isAudioName(name)) clips.push({ ...fileIn(folder, name), labels, split, where });
      else others.push(name);
    }
    for (const name of foldersOf(folder)) {
      await walk(await openFolder(join(folder.path, name)), [...above, folder]);
    }
  };
  await walk(top, above);
  return { clips, others };
};

/** Files of other kinds, which may be clips all the same: told by their extensions. */
const describeOthers = (path: string, names: readonly string[]): readonly string[] => {
  if (names.length === 0) return [];
  const counts = new Map<string, number>();
  for (const name of names) {
    const extension = extname(name).toLowerCase() || "without an extension";
    counts.set(extension, (counts.get(extension) ?? 0) + 1);
  }
  const kinds = [...counts].sort(([, a], [, b]) => b - a).map(([extension, count]) => `${count} ${extension}`);
  return [
    `${path}: files in folders of classes that are no clips by their names are left out: ${shortenList(kinds, 5)}`,
  ];
};
