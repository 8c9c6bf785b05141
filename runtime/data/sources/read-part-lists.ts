import { join, normalize } from "node:path";
import type { Split } from "../dataset.ts";
import type { Listing } from "./listing.ts";
import { readBytes } from "../../files/read-bytes.ts";

/** Speech Commands' (Warden 2018): a speaker's clips are of one part, so that a random split would leak. */
const lists: readonly (readonly [name: string, split: Split])[] = [
  ["validation_list.txt", "validation"],
  ["testing_list.txt", "test"],
];

/**
 * What each clip is for, where lists beside the folders of classes name those for validation and for the test, a path on each line.
 * @param names of the folder's files
 * @throws UserError where a list cannot be read
 */
export const readPartLists = async (
  folder: string,
  names: readonly string[],
  { clips, notes }: Listing,
): Promise<Listing> => {
  const splits = new Map<string, Split>();
  const found = lists.filter(([name]) => names.includes(name));
  for (const [name, split] of found) {
    const lines = (await readBytes(join(folder, name))).toString("utf8").split(/\r?\n/);
    for (const line of lines) if (line.trim() !== "") splits.set(normalize(join(folder, line.trim())), split);
  }
  if (!clips.some(({ path }) => splits.has(normalize(path)))) return { clips, notes };
  return {
    clips: clips.map((clip) => ({ ...clip, split: splits.get(normalize(clip.path)) ?? "train" })),
    notes: [...notes, `${folder}: divided as ${found.map(([name]) => name).join(" and ")} there say`],
  };
};
