/** The folder that a training run writes to. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeFailure } from "../session/write-artifact.ts";

/** Where runs go that name no folder. */
const runs = "runs";

/** Not `mkdirSync`'s `recursive`, which never returns where the parent refuses with ENOENT, as /proc does (Node 20.20). */
const createFolders = (path: string): void => {
  if (existsSync(path)) return;
  createFolders(dirname(path));
  mkdirSync(path);
};

/** Makes `runs/NAME-1`, or the first number that is free. */
const createNumbered = (name: string): string => {
  createFolders(runs);
  for (let number = 1; ; number++) {
    const folder = join(runs, `${name}-${number}`);
    try {
      mkdirSync(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
};

export interface RunFolder {
  readonly graph: string;
  /** One JSON object per line: the run's step and eval events. */
  readonly metrics: string;
}

/**
 * Makes the folder, with an empty metrics file to prove that it can be written.
 * @param folder as the user gave it; else a new one under `runs/`, named after the spec
 * @throws UserError where it cannot be made or written
 */
export const createRunFolder = (folder: string | undefined, specName: string): RunFolder => {
  try {
    if (folder !== undefined) createFolders(folder);
    const path = folder ?? createNumbered(specName.replaceAll(/[^\w.-]+/g, "-"));
    const metrics = join(path, "metrics.jsonl");
    writeFileSync(metrics, "");
    return { graph: join(path, "graph.onnx"), metrics };
  } catch (error) {
    throw writeFailure(join(folder ?? runs, "metrics.jsonl"), error) ?? error;
  }
};
