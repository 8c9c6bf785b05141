/** Lists of clips that are to be heard, without what is heard in them. */
import { dirname, extname } from "node:path";
import { UserError } from "../../user-error.ts";
import type { File } from "./list-folder.ts";
import { locateClips, type WantedClip } from "./locate-clips.ts";
import { clipFilesOf, placesOf } from "./read-clip-tables.ts";
import { readTable, readUtf8 } from "./read-table.ts";

export interface ClipList {
  /** In the list's order; what is not there is told when its turn comes. */
  readonly files: readonly File[];
  readonly notes: readonly string[];
}

const readLines = async (path: string): Promise<readonly WantedClip[]> => {
  const lines = (await readUtf8(path)).toString("utf8").split(/\r?\n/);
  const clips = lines.flatMap((line, index) =>
    line.trim() === "" ? [] : [{ text: line.trim(), where: () => ({ path, line: index + 1 }) }],
  );
  if (clips.length === 0)
    throw new UserError("table-empty", { path }, "the file is empty; expected a clip's path on each line");
  return clips;
};

/**
 * Reads a list: a table with a column of paths (CSV, TSV or JSON Lines; other columns are not read), or, called .txt, a path on each line.
 * Paths are relative to the list.
 * @throws UserError where it is no such list, or none of its clips is there
 */
export const readClipList = async (path: string): Promise<ClipList> => {
  const isPlain = extname(path).toLowerCase() === ".txt";
  const clips = isPlain ? await readLines(path) : clipFilesOf(await readTable(path));
  return locateClips(dirname(path), clips, placesOf(path), true);
};
