import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder and those it is in, where they are missing. Not `mkdirSync`'s `recursive`, which never returns where the parent
 * refuses with ENOENT, as /proc does, and says ENOENT where the file system is read-only (Node 20.20).
 * @throws the file system's error
 */
export const createFolders = (path: string): void => {
  if (existsSync(path)) return;
  createFolders(dirname(path));
  mkdirSync(path);
};
