/** Which recordings a command line names: files, folders, and patterns that the shell has not filled in. */
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import picomatch from "picomatch";
import { plural } from "../../compiler/artifact/plural.ts";
import { isAudioName } from "../audio/is-audio-name.ts";
import { type Folder, listFolder } from "../data/sources/list-folder.ts";
import { UserError } from "../user-error.ts";

/** A file to listen to, named or found. */
export interface Recording {
  /** As it was named, or within the folder that was. */
  readonly path: string;
  /** The same within what all recordings have in common, with "/": what is made of it is called by it. */
  readonly name: string;
}

export interface ListedRecordings {
  /** Those of what is named first come first; in a folder by name. */
  readonly recordings: readonly Recording[];
  /** The folder that names begin in. */
  readonly root: string;
  /** Folders that were gone through: what is put there is found the next time. */
  readonly searched: readonly string[];
  /** Folders and files of which not even the name can be read. */
  readonly failures: readonly { readonly path: string; readonly error: UserError }[];
  readonly notes: readonly string[];
}

interface Found {
  readonly paths: readonly string[];
  /** Where the search began. */
  readonly root: string;
  /** Whether it is gone through, rather than the folder of a file that is named. */
  readonly isSearched: boolean;
}

interface WalkOptions {
  /** Which files are taken, by their path within the folder, with "/". */
  readonly takes: (path: string) => boolean;
  /** Which folders are gone through whole. */
  readonly takesFolder?: (path: string) => boolean;
  /** How many folders deep. */
  readonly depth?: number;
  readonly fail: (path: string, error: UserError) => void;
}

const byName = (path: string): boolean => isAudioName(path);

/** The files of a folder and of those in it, by name. Links are followed, but for one that leads to where it comes from. */
const walk = async (top: string, options: WalkOptions): Promise<readonly string[]> => {
  const { takes, takesFolder = () => false, depth = Number.POSITIVE_INFINITY, fail } = options;
  const files: string[] = [];
  const visit = async (path: string, within: string, above: readonly string[], isWhole: boolean): Promise<void> => {
    let folder: Folder;
    try {
      folder = await listFolder(path);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      fail(path, error);
      return;
    }
    const { realPath, entries, unreadable } = folder;
    if (above.includes(realPath)) return;
    for (const name of unreadable) {
      const file = join(path, name);
      if (isAudioName(name))
        fail(file, new UserError("name-not-utf8", { path: file }, "a name that is not UTF-8; rename it"));
    }
    for (const [name, kind] of entries) {
      const [file, inner] = [join(path, name), within === "" ? name : `${within}/${name}`];
      if (kind !== "folder") {
        if (isWhole ? isAudioName(name) : takes(inner)) files.push(file);
        continue;
      }
      const isInnerWhole = isWhole || takesFolder(inner);
      if (isInnerWhole || above.length + 1 < depth) await visit(file, inner, [...above, realPath], isInnerWhole);
    }
  };
  await visit(top, "", [], false);
  return files;
};

/** The files that a pattern matches, and those in folders that it matches. */
const findByPattern = async (pattern: string, fail: WalkOptions["fail"]): Promise<Found | undefined> => {
  const slashed = sep === "\\" ? pattern.replaceAll("\\", "/") : pattern;
  const { base, glob, isGlob } = picomatch.scan(slashed);
  if (!isGlob) return undefined;
  const matches = picomatch(glob);
  // Where it ends in what a name ends in, that is meant, and otherwise sound.
  const takes = /[\w})]$/.test(glob) ? matches : (path: string) => matches(path) && byName(path);
  const depth = glob.includes("**") ? Number.POSITIVE_INFINITY : glob.split("/").length;
  const root = base === "" ? "." : base;
  if (!(await stat(root).catch(() => undefined))?.isDirectory()) return { paths: [], root, isSearched: true };
  return { paths: await walk(root, { takes, takesFolder: matches, depth, fail }), root, isSearched: true };
};

const find = async (operand: string, fail: WalkOptions["fail"]): Promise<Found> => {
  const kind = await stat(operand).catch(() => undefined);
  if (kind?.isDirectory()) {
    const found = { paths: await walk(operand, { takes: byName, fail }), root: operand, isSearched: true };
    if (found.paths.length === 0) throw noClips(operand, "there are no clips in this folder, nor in those in it");
    return found;
  }
  if (!kind) {
    const found = await findByPattern(operand, fail);
    if (found?.paths.length === 0) throw noClips(operand, "no clip is matched by this pattern");
    if (found) return found;
  }
  // What is missing is told in its turn.
  return { paths: [operand], root: dirname(operand), isSearched: false };
};

const noClips = (path: string, reason: string): UserError =>
  new UserError("no-clips", { path }, `${reason}; expected files that are called as sound is, such as .wav or .flac`);

/** The innermost folder that all are in. */
const commonFolder = (folders: readonly string[]): string => {
  const [first = "", ...others] = folders.map((folder) => resolve(folder));
  let common = first;
  while (others.some((other) => !isWithin(common, other)) && dirname(common) !== common) common = dirname(common);
  return common;
};

/** Whether a path is the folder's or in it. */
export const isWithin = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
};

/** The path without links, of what may not be there yet. */
const realPathOf = async (path: string): Promise<string> => {
  const whole = resolve(path);
  const parent = dirname(whole);
  return realpath(whole).catch(async () =>
    parent === whole ? whole : join(await realPathOf(parent), basename(whole)),
  );
};

/** @throws UserError where clips that are written to the folder would be found there by the same search */
export const requireOutside = async (folder: string, { searched }: ListedRecordings): Promise<void> => {
  for (const inputs of searched) {
    if (!isWithin(await realPathOf(inputs), await realPathOf(folder))) continue;
    throw new UserError(
      "output-among-inputs",
      { target: folder, inputs },
      `${folder} lies in ${inputs}, which is listened to: what is written there would be heard the next time`,
    );
  }
};

/** Windows has a root for each drive: "C:\a" is called "C/a" beside others. */
const nameWithin = (root: string, path: string): string =>
  relative(root, path)
    .replace(/^([A-Za-z]):/, "$1")
    .split(sep)
    .join("/");

/** Each file once, however many names or links lead to it. */
const distinct = async (
  found: readonly Found[],
  realPathOf: (path: string) => Promise<string>,
): Promise<Omit<ListedRecordings, "failures">> => {
  const root = commonFolder(found.map(({ root }) => root));
  const recordings = new Map<string, Recording>();
  let repeated = 0;
  for (const path of found.flatMap(({ paths }) => paths)) {
    const file = await realPathOf(path);
    if (recordings.has(file)) repeated += 1;
    else recordings.set(file, { path, name: nameWithin(root, resolve(path)) });
  }
  const again = `${repeated} ${plural(repeated, "path leads", "paths lead")} to a recording that is listed before, which is heard once`;
  const searched = found.flatMap(({ root, isSearched }) => (isSearched ? [root] : []));
  return { recordings: [...recordings.values()], root, searched, notes: repeated > 0 ? [again] : [] };
};

/**
 * Lists what is named. Of folders and of patterns files are taken that are called as sound is, with those in folders within.
 * @throws UserError where a folder or a pattern has none
 */
export const listRecordings = async (operands: readonly string[]): Promise<ListedRecordings> => {
  const failures: { path: string; error: UserError }[] = [];
  const found: Found[] = [];
  for (const operand of operands) found.push(await find(operand, (path, error) => void failures.push({ path, error })));
  const realPathOf = (path: string): Promise<string> => realpath(path).catch(() => resolve(path));
  return { ...(await distinct(found, realPathOf)), failures };
};

/** The recordings of a list, in its order. @throws UserError where it is none, or none of its clips is there */
export const readRecordings = async (list: string): Promise<ListedRecordings> => {
  const { readClipList } = await import("../data/sources/read-clip-list.ts");
  const { files, notes } = await readClipList(list);
  const folder = dirname(list);
  // As the list has them, so that answers can be put beside its rows.
  const named = (path: string): string => (isWithin(folder, path) ? join(folder, relative(folder, path)) : path);
  const realPaths = new Map(files.map(({ path, realPath }) => [named(path), realPath]));
  const found = { paths: files.map(({ path }) => named(path)), root: folder, isSearched: false };
  const listed = await distinct([found], (path) => Promise.resolve(realPaths.get(path) ?? resolve(path)));
  return { ...listed, failures: [], notes: [...notes, ...listed.notes] };
};
