/** What lies in a folder, by name. */
import { isUtf8 } from "node:buffer";
import { realpathSync } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readFailure } from "../../files/read-failure.ts";

/** A link to a folder is a folder; "link" is one to a file, or to nowhere, so that a clip of this name is told of. */
export type EntryKind = "file" | "folder" | "link";

export interface Folder {
  readonly path: string;
  /** The same without links. */
  readonly realPath: string;
  /** In a fixed order. */
  readonly entries: ReadonlyMap<string, EntryKind>;
  /** Names that are not UTF-8, printable, such as `caf\xe9.wav`: Node opens no file by them. */
  readonly unreadable: readonly string[];
}

/** What systems and programs leave in folders of others: names that begin with a dot, and these. */
const foreign = new Set([
  "__macosx",
  "thumbs.db",
  "ehthumbs.db",
  "desktop.ini",
  "@eadir",
  "$recycle.bin",
  "system volume information",
  "lost+found",
]);

const isForeign = (name: string): boolean => name.startsWith(".") || foreign.has(name.toLowerCase());

const printBytes = (name: Buffer): string =>
  Array.from(name, (byte) =>
    byte < 0x80 ? String.fromCodePoint(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  ).join("");

/**
 * Reads a folder, without what is not the user's own.
 * @throws UserError where it cannot be read
 */
export const listFolder = async (path: string): Promise<Folder> => {
  const orFailure = (error: unknown): never => {
    throw readFailure(path, error);
  };
  // Apart, as Bun (1.4) gives entries with their kinds no names as bytes.
  const found = await readdir(path, { withFileTypes: true }).catch(orFailure);
  const names = await readdir(path, { encoding: "buffer" }).catch(orFailure);
  const readable = new Set(names.filter((name) => isUtf8(name)).map(String));
  const own = found
    .filter(({ name }) => readable.has(name) && !isForeign(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const entries = new Map<string, EntryKind>();
  for (const entry of own) {
    if (entry.isSymbolicLink()) entries.set(entry.name, await kindOfLink(join(path, entry.name)));
    else entries.set(entry.name, entry.isDirectory() ? "folder" : "file");
  }
  return {
    path,
    realPath: await realpath(path).catch(orFailure),
    entries,
    unreadable: names
      .filter((name) => !isUtf8(name))
      .map(printBytes)
      .sort(),
  };
};

const kindOfLink = async (path: string): Promise<EntryKind> => {
  const target = await stat(path).catch(() => undefined);
  return target?.isDirectory() ? "folder" : "link";
};

export interface File {
  readonly path: string;
  /** Without links, where that is another. */
  readonly realPath?: string | undefined;
}

/** A file of the folder. */
export const fileIn = ({ path, realPath, entries }: Folder, name: string): File => {
  const file = join(path, name);
  if (entries.get(name) !== "link") {
    return realPath === resolve(path) ? { path: file } : { path: file, realPath: join(realPath, name) };
  }
  try {
    return { path: file, realPath: realpathSync.native(file) };
  } catch {
    return { path: file }; // a link to nowhere is told of where the clip is opened
  }
};
