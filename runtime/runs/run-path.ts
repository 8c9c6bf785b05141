/** Paths of clips as a run's files have them: relative to its folder, or absolute where they were given so. */
import { isAbsolute, relative, resolve } from "node:path";

export const toRunPath = (folder: string, path: string): string => (isAbsolute(path) ? path : relative(folder, path));

/** As seen from this folder. */
export const fromRunPath = (folder: string, path: string): string =>
  isAbsolute(path) ? path : relative(".", resolve(folder, path));
