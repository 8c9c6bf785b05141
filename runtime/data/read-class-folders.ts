import { readdir, realpath, stat } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { UserError } from "../user-error.ts";
import type { Split } from "./dataset.ts";
import type { ListedClip } from "./listing.ts";
import { splitNames } from "./split-names.ts";

const audioExtensions = [".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus"];

/**
 * Clips in one folder per class, at any depth within it; or first in folders named train, test, and so on, with one folder per class in each.
 * @throws UserError where a folder has no classes or a class has no clips.
 */
export const readClassFolders = async (folder: string): Promise<readonly ListedClip[]> => {
  const { folders, files } = await listFolder(folder);
  if (folders.length === 0) {
    throw new UserError(`${folder}: there are no sub-folders; expected one per class, with that class's clips in it`);
  }
  const list = files.find((name) => [".csv", ".json"].includes(extname(name)));
  if (folders.length === 1 && list !== undefined) {
    throw new UserError(
      `${folder}: there is one sub-folder, ${folders[0]}, and a list, ${list}; expected one sub-folder per class, or the list itself: --data ${join(folder, list)}`,
    );
  }
  if (folders.some((name) => !splitNames.has(name))) return listClasses(folder, folders);
  const splits = await Promise.all(
    folders.map(async (name) => {
      const classes = await listFolder(join(folder, name));
      return listClasses(join(folder, name), classes.folders, splitNames.get(name));
    }),
  );
  return splits.flat();
};

/** Names in a folder, without hidden ones, in a fixed order; links to folders are folders. */
const listFolder = async (folder: string) => {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !name.startsWith("."));
  const folders = new Set<string>();
  for (const entry of entries) {
    const isFolder = entry.isSymbolicLink() ? await isLinkedFolder(folder, entry.name) : entry.isDirectory();
    if (isFolder) folders.add(entry.name);
  }
  const names = entries.map(({ name }) => name).sort();
  return { folders: names.filter((name) => folders.has(name)), files: names.filter((name) => !folders.has(name)) };
};

/** A link that leads nowhere counts as a file, so that one named as a clip is told of where it is read. */
const isLinkedFolder = async (folder: string, name: string): Promise<boolean> => {
  const link = join(folder, name);
  const stats = await stat(link).catch(() => undefined);
  if (!stats?.isDirectory()) return false;
  const [here, target] = await Promise.all([realpath(folder), realpath(link)]);
  if (`${here}${sep}`.startsWith(`${target}${sep}`)) {
    throw new UserError(`${link}: this link leads to a folder that it is in; delete it`);
  }
  return true;
};

const listClasses = async (
  folder: string,
  classes: readonly string[],
  split?: Split,
): Promise<readonly ListedClip[]> => {
  const clips = await Promise.all(
    classes.map(async (label) => {
      const classFolder = join(folder, label);
      const paths = await listAudio(classFolder);
      if (paths.length === 0) {
        throw new UserError(
          `${classFolder}: there are no clips; expected files ending in ${audioExtensions.join(", ")}`,
        );
      }
      return paths.map((path): ListedClip => ({ path, labels: [[label]], split, where: () => classFolder }));
    }),
  );
  return clips.flat();
};

const listAudio = async (folder: string): Promise<readonly string[]> => {
  const { folders, files } = await listFolder(folder);
  const below = await Promise.all(folders.map((name) => listAudio(join(folder, name))));
  const here = files.filter((name) => audioExtensions.includes(extname(name).toLowerCase()));
  return [...here.map((name) => join(folder, name)), ...below.flat()];
};
