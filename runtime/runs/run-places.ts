/** Where the paths in a run's files lead: they are relative to a folder, or absolute where they were given so. */
import { existsSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import type { RunConfig } from "./run-config.ts";

export const toRunPath = (folder: string, path: string): string => (isAbsolute(path) ? path : relative(folder, path));

/** As seen from this folder. */
export const fromRunPath = (folder: string, path: string): string =>
  isAbsolute(path) || resolve(folder) === process.cwd() ? path : relative(".", resolve(folder, path)) || ".";

/** What the paths in a run's files are relative to. */
export interface RunPlaces {
  /** Those of its clips. */
  readonly folder: string;
  /** Those of its options. */
  readonly workingDirectory: string;
}

/**
 * Where a run's paths lead from by now. One that was moved or copied together with its graph and data has them where they lie
 * beside it; one that was moved alone, where they were.
 * @param path the run's folder, as it is called now
 */
export const runPlaces = (
  path: string,
  { folder: then, workingDirectory, run }: Pick<RunConfig, "folder" | "workingDirectory" | "run">,
): RunPlaces => {
  if (then === undefined || then === resolve(path)) return { folder: path, workingDirectory };
  const beside = resolve(path, relative(then, workingDirectory));
  const isThere = (name: string | null): boolean =>
    name === null || isAbsolute(name) || existsSync(resolve(beside, name));
  return [run.graph.path, run.data, run.labels, run.evalData].every(isThere)
    ? { folder: path, workingDirectory: beside }
    : { folder: then, workingDirectory };
};
