/** Paths as a run's files have them: relative to a folder, or absolute where they were given so. */
import { isAbsolute, relative, resolve } from "node:path";

export const toRunPath = (folder: string, path: string): string => (isAbsolute(path) ? path : relative(folder, path));

/** As seen from this folder. */
export const fromRunPath = (folder: string, path: string): string =>
  isAbsolute(path) || resolve(folder) === process.cwd() ? path : relative(".", resolve(folder, path)) || ".";
