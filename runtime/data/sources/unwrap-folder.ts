/** The folders that archives put around a data set. */
import { join } from "node:path";
import { isAudioName } from "../../audio/is-audio-name.ts";
import type { Folder } from "./list-folder.ts";
import { filesOf, foldersOf, isList, labelOf, openFolder } from "./open-folder.ts";
import { partOf } from "./split-names.ts";

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
  const hasList = filesOf(folder).some(isList);
  return hasList || names.length > 1 || names.some((name) => partOf(name) !== undefined);
};
