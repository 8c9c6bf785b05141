/** Finds the files that a table names, on systems that tell letters' cases and forms apart and where they were not told. */
import { basename, dirname, extname, join } from "node:path";
import { isAudioName } from "../../audio/is-audio-name.ts";
import { groupBy } from "../group-by.ts";
import { type File, fileIn, type Folder, listFolder } from "./list-folder.ts";

export interface FoundFile extends File {
  /** Whether its name differs from the one it was looked for by in its letters' case. */
  readonly isRenamed: boolean;
}

export interface FileFinder {
  /** The file of this path, whose extension may be missing. */
  readonly find: (path: string) => Promise<FoundFile | undefined>;
  /** Names in the path's folder that may be what is meant: of the same stem. */
  readonly suggest: (path: string) => Promise<readonly string[]>;
}

type NameIndex = () => ReadonlyMap<string, readonly string[]>;

interface IndexedFolder extends Folder {
  /** Names by what is left of them without case and accents' form; several where they differ in these alone. */
  readonly byForm: NameIndex;
  /** Names of sound by their form without extension. */
  readonly byStem: NameIndex;
}

const formOf = (name: string): string => name.normalize("NFC").toLowerCase();

const stemOf = (name: string): string => (isAudioName(name) ? name.slice(0, -extname(name).length) : name);

/** Whether names look the same: systems store accents in two forms. */
const isSame = (a: string, b: string): boolean => a === b || a.normalize("NFC") === b.normalize("NFC");

/** Made when first asked for: where all names are as told, never. */
const indexNames = (names: () => readonly string[], keyOf: (name: string) => string): NameIndex => {
  let index: ReturnType<NameIndex> | undefined;
  return () => (index ??= groupBy(names(), keyOf));
};

const indexFolder = (folder: Folder): IndexedFolder => {
  const names = (): readonly string[] => [...folder.entries.keys()];
  return {
    ...folder,
    byForm: indexNames(names, formOf),
    byStem: indexNames(
      () => names().filter(isAudioName),
      (name) => formOf(stemOf(name)),
    ),
  };
};

/** The one name that is meant: the same, else the only one that differs in its letters' case or form alone. */
const matchName = ({ entries, byForm }: IndexedFolder, name: string): string | undefined => {
  if (entries.has(name)) return name;
  const similar = byForm().get(formOf(name)) ?? [];
  const same = similar.filter((one) => isSame(one, name));
  const candidates = same.length > 0 ? same : similar;
  return candidates.length === 1 ? candidates[0] : undefined;
};

const matchFile = (folder: IndexedFolder, name: string): string | undefined => {
  const same = matchName(folder, name);
  if (same !== undefined) return folder.entries.get(same) === "folder" ? undefined : same;
  const ofStem = isAudioName(name) ? [] : (folder.byStem().get(formOf(name)) ?? []);
  return ofStem.length === 1 ? ofStem[0] : undefined;
};

/** Each folder is read once: a look at every file of a large data set would take minutes. */
export const openFileFinder = (): FileFinder => {
  const folders = new Map<string, Promise<IndexedFolder | undefined>>();

  const openFolder = (path: string): Promise<IndexedFolder | undefined> => {
    const known = folders.get(path);
    if (known) return known;
    const opened = listFolder(path)
      .then(indexFolder)
      .catch(() => openSimilar(path));
    folders.set(path, opened);
    return opened;
  };

  /** A folder whose own name is another, in case or form. */
  const openSimilar = async (path: string): Promise<IndexedFolder | undefined> => {
    const parent = dirname(path);
    if (parent === path) return undefined;
    const above = await openFolder(parent);
    if (!above) return undefined;
    const name = matchName(above, basename(path));
    if (name === undefined || above.entries.get(name) !== "folder") return undefined;
    const similar = join(above.path, name);
    return similar === path ? undefined : openFolder(similar);
  };

  return {
    find: async (path) => {
      const folder = await openFolder(dirname(path));
      if (!folder) return undefined;
      const name = matchFile(folder, basename(path));
      if (name === undefined) return undefined;
      const isRenamed = ![join(folder.path, name), join(folder.path, stemOf(name))].some((one) => isSame(one, path));
      return { ...fileIn(folder, name), isRenamed };
    },
    suggest: async (path) => {
      const folder = await openFolder(dirname(path));
      const alike = folder?.byStem().get(formOf(stemOf(basename(path)))) ?? [];
      return alike.length > 0 ? alike : (folder?.unreadable.slice(0, 1) ?? []);
    },
  };
};
