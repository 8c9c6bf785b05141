/** The clips of a class. */
import { join, sep } from "node:path";
import { isAudioName } from "../../audio/is-audio-name.ts";
import { UserError } from "../../user-error.ts";
import type { Split } from "../dataset.ts";
import { type Folder, fileIn } from "./list-folder.ts";
import type { ListedClip } from "./listing.ts";
import { filesOf, foldersOf, openFolder } from "./open-folder.ts";

/** The clips of a class, at any depth. @param above the folders that lead here */
export const readClass = async (top: Folder, label: string, split: Split | undefined, above: readonly Folder[]) => {
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
