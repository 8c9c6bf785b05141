/** Data sets in folders. */
import { basename, extname, join } from "node:path";
import { plural } from "../../../compiler/artifact/plural.ts";
import { isAudioName } from "../../audio/is-audio-name.ts";
import { shortenList } from "../../text/shorten-list.ts";
import { UserError } from "../../user-error.ts";
import type { Split } from "../dataset.ts";
import { hasParts, isDivided, noiseFolder, openChildren } from "./divide-folders.ts";
import type { Folder } from "./list-folder.ts";
import type { ListedClip, Listing } from "./listing.ts";
import { filesOf, foldersOf, isList, labelOf, openFolder } from "./open-folder.ts";
import { readClass } from "./read-class.ts";
import { readPartLists } from "./read-part-lists.ts";
import { partOf } from "./split-names.ts";

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
  const lists = filesOf(top).filter(isList);
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

const describeUnread = (path: string, [first, ...others]: readonly [string, ...string[]]): string => {
  const more = others.length > 0 ? ` and ${others.length} more` : "";
  return `${path}: its folders are read, not ${first}${more} beside them; to read it, name ${join(path, first)}`;
};

const readTop = async (top: Folder, classes: ReadonlySet<string> | undefined, finds: Finds): Promise<void> => {
  const children = await openChildren(top, classes);
  const areParts = await hasParts(top, children, classes, finds.notes);
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
  const advice =
    basename(folder.path) === noiseFolder
      ? "; cut into clips, in a folder _background, they train as none of the classes"
      : "";
  if (clips.length > 0) notes.push(`${folder.path}: ${count} of no class, and left out${advice}`);
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
