/** Clips that a program lists, where the command line names a folder or a table. */
import { UserError } from "../../user-error.ts";
import type { Split } from "../dataset.ts";
import { embeddedName } from "../embedded.ts";
import type { Label, ListedClip, Listing } from "./listing.ts";
import { locateClips } from "./locate-clips.ts";
import { splitByFold } from "./split-by-fold.ts";

export interface GivenClip {
  readonly path: string;
  /** One at least. */
  readonly labels: readonly string[];
  readonly split?: Split | undefined;
  readonly fold?: number | undefined;
}

export interface GivenClips {
  /** The option that lists them: messages call a clip by it and its place. */
  readonly option: "data" | "evalData";
  /** Undefined where a run goes on with them, which knows them by its own list. */
  readonly clips: readonly GivenClip[] | undefined;
  /** What their paths are relative to. */
  readonly folder: string;
}

/** Where clips come from: a folder, a table or a JSON file, or a list. */
export type Data = string | GivenClips;

/** What messages call clips that a program lists. */
export const listName = "the clips listed";

/** What messages call them. */
export const nameOfData = (data: Data | undefined): string => {
  if (data === undefined) return embeddedName;
  return typeof data === "string" ? data : listName;
};

/** What the paths of its clips are told from. */
export const folderOfData = (data: Data | undefined): string | undefined =>
  typeof data === "object" ? data.folder : data;

/** @throws UserError naming the clip's place in the list, where it is not there */
export const readGivenClips = async (
  { option, clips, folder }: GivenClips,
  { fold, skipBad }: { readonly fold?: number | undefined; readonly skipBad?: boolean | undefined },
): Promise<Listing> => {
  if (clips === undefined)
    throw new UserError(
      "file-missing",
      {},
      "the clips of this run were listed by a program, and its own list is missing",
    );
  const byFold = splitByFold(option, clips, fold);
  const wanted = clips.map(({ path, fold }, index) => ({
    text: path,
    fold,
    where: () => ({ path: `${option}[${index}]` }),
  }));
  const { files, notes } = await locateClips(folder, wanted, [() => "."], skipBad);
  const isDivided = clips.some(({ split }) => split === "validation" || split === "test");
  const listed = clips.map(({ path, labels, split, fold: own }, index): ListedClip => {
    const foldSplit = byFold(own);
    const { path: found = path, realPath } = files[index] ?? {};
    return {
      path: found,
      realPath,
      labels: labels.map((label): Label => [label]),
      split: fold === undefined && (isDivided || foldSplit === undefined) ? split : foldSplit,
      fold: own,
      where: wanted[index]?.where ?? (() => ({ path: option })),
    };
  });
  return { clips: listed, notes };
};
