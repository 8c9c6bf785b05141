/** Whether folders are classes, or the parts of the data. */
import { join } from "node:path";
import { plural } from "../../../compiler/artifact/plural.ts";
import { isAudioName } from "../../audio/is-audio-name.ts";
import { shortenList } from "../../text/shorten-list.ts";
import { UserError } from "../../user-error.ts";
import type { Folder } from "./list-folder.ts";
import { filesOf, foldersOf, labelOf, openFolder } from "./open-folder.ts";
import { readClass } from "./read-class.ts";
import { type Part, partOf } from "./split-names.ts";

/** A folder among the parts or the classes. */
export interface Child {
  readonly name: string;
  readonly folder: Folder;
  /** What it may be a part for, by its name. */
  readonly part: Part | undefined;
}

/** Speech Commands' recordings of noise, a minute and more each, of which clips are to be cut. */
export const noiseFolder = "_background_noise_";

export const openChildren = (folder: Folder, classes: ReadonlySet<string> | undefined): Promise<readonly Child[]> =>
  Promise.all(
    foldersOf(folder).map(async (name) => {
      const part = name === noiseFolder ? "unlabeled" : partOf(name);
      const isClass = part === "unlabeled" && classes?.has(labelOf(name));
      return { name, folder: await openFolder(join(folder.path, name)), part: isClass ? undefined : part };
    }),
  );

/** Whether there is nothing but parts in a class's folder. */
export const isDivided = (folder: Folder): boolean => {
  const names = foldersOf(folder);
  return names.length > 0 && names.every((name) => partOf(name) !== undefined) && !filesOf(folder).some(isAudioName);
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
export const hasParts = async (
  top: Folder,
  children: readonly Child[],
  classes: ReadonlySet<string> | undefined,
  notes: string[],
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
