/** From the paths that a list names to files that are there. */
import { plural } from "../../../compiler/artifact/plural.ts";
import { homedir } from "node:os";
import { join, normalize, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { formatWhere, UserError, type Where } from "../../user-error.ts";
import { type FileFinder, type FoundFile, openFileFinder } from "./open-file-finder.ts";

export interface WantedClip {
  /** Its path, as the list has it. */
  readonly text: string;
  readonly where: () => Where;
  /** Its fold, for data sets with a folder for each. */
  readonly fold?: number | undefined;
}

/** A folder that clips may lie in, as seen from the list's. */
export type Place = (clip: WantedClip) => string;

export interface LocatedClips {
  readonly files: readonly FoundFile[];
  readonly notes: readonly string[];
}

/** So many clips tell which of the places theirs is. */
const samples = 1000;

/** The paths that may be meant: as it is, and as Windows writes it. */
const readingsOf = (text: string): readonly string[] => {
  if (/^file:\/\//i.test(text)) return [fileURLToPath(text)];
  const path = /^~[/\\]/.test(text) ? join(homedir(), text.slice(2)) : text;
  return path.includes("\\") ? [path, path.replaceAll("\\", "/")] : [path];
};

const find = async (finder: FileFinder, folder: string, text: string): Promise<FoundFile | undefined> => {
  for (const reading of readingsOf(text)) {
    const found = await finder.find(resolve(folder, reading));
    if (found) return found;
  }
  return undefined;
};

/** The place where most of some clips are, the first of equals. */
const choosePlace = async (
  finder: FileFinder,
  folder: string,
  clips: readonly WantedClip[],
  [first, ...others]: readonly [Place, ...Place[]],
): Promise<Place> => {
  const stride = Math.ceil(clips.length / samples);
  const some = clips.filter((_, index) => index % stride === 0);
  const countIn = async (place: Place): Promise<number> => {
    let count = 0;
    for (const clip of some) if (await find(finder, join(folder, place(clip)), clip.text)) count += 1;
    return count;
  };
  let [best, most] = [first, await countIn(first)];
  for (const place of others) {
    if (most === some.length) break;
    const count = await countIn(place);
    if (count > most) [best, most] = [place, count];
  }
  return best;
};

const explainMissing = async (finder: FileFinder, folder: string, { text }: WantedClip): Promise<string> => {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) return `${text} is an address; download it, and name the file`;
  const [path = text] = readingsOf(text).slice(-1);
  if (/^[a-z]:[/\\]/i.test(text) && process.platform !== "win32") {
    return `${text} is a path of another system; expected one that is relative to the list`;
  }
  const wanted = normalize(resolve(folder, path));
  const alike = (await finder.suggest(wanted)).join(" and ");
  return `there is no file ${wanted}${alike === "" ? "" : ` (but ${alike})`}`;
};

/** The path that a clip which is not there should have. */
const missingFile = (folder: string, { text }: WantedClip): FoundFile => ({
  path: resolve(folder, readingsOf(text).at(-1) ?? text),
  isRenamed: false,
});

/**
 * Finds the clips of a list, each in the same of several places.
 * @param folder the list's own
 * @param skipBad whether clips that are not there are kept, to be left out as others that cannot be read; undefined where
 * nobody can choose
 * @throws UserError naming the first that is not there, and how many are not
 */
export const locateClips = async (
  folder: string,
  clips: readonly WantedClip[],
  places: readonly [Place, ...Place[]],
  skipBad?: boolean,
): Promise<LocatedClips> => {
  const finder = openFileFinder();
  const place = await choosePlace(finder, folder, clips, places);
  const files: FoundFile[] = [];
  const missing: WantedClip[] = [];
  for (const clip of clips) {
    const found = await find(finder, join(folder, place(clip)), clip.text);
    files.push(found ?? missingFile(join(folder, place(clip)), clip));
    if (!found) missing.push(clip);
  }
  const [first] = missing;
  if (first !== undefined && !(skipBad && missing.length < clips.length)) {
    const reason = await explainMissing(finder, join(folder, place(first)), first);
    throw new UserError(
      "clips-missing",
      { ...first.where(), missing: missing.length, canSkip: skipBad === false },
      `${reason}; ${missing.length} of ${clips.length} clips ${plural(missing.length, "is", "are")} missing`,
    );
  }
  return { files, notes: describeRenamed(clips, files) };
};

const describeRenamed = (clips: readonly WantedClip[], files: readonly FoundFile[]): readonly string[] => {
  const renamed = files.flatMap((file, index) => (file.isRenamed ? [{ file, clip: clips[index] }] : []));
  const [first] = renamed;
  if (!first?.clip) return [];
  return [
    `${formatWhere(first.clip.where())}: there is no ${first.clip.text}, and ${first.file.path} is taken for it; ` +
      `the names of ${renamed.length} of ${clips.length} clips differ in the case of letters`,
  ];
};
