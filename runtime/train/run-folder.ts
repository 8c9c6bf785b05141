/** The folder that a training run writes to. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { createFolders } from "../session/create-folders.ts";
import { writeFailure } from "../session/write-artifact.ts";
import { UserError } from "../user-error.ts";
import { readProgress } from "./checkpoint.ts";
import { lockRun } from "./run-lock.ts";

/** Where runs go that name no folder. */
const runs = "runs";

/** A spec's name as a folder's: letters of any script, digits and `_.-` stay. */
export const folderName = (specName: string): string => specName.replaceAll(/[^\p{L}\p{M}\p{N}_.-]+/gu, "-");

/** A trained graph, and its answers to the evaluation clips. */
export interface GraphFiles {
  readonly graph: string;
  readonly predictions: string;
}

export interface RunFolder {
  readonly path: string;
  /** What decides the run, and where it ran. */
  readonly config: string;
  /** All that the run goes on from. */
  readonly checkpoint: string;
  /** One JSON object per line: the run's events. */
  readonly metrics: string;
  /** How long the run took, and how much memory. */
  readonly usage: string;
  /** A page for people. */
  readonly report: string;
  readonly last: GraphFiles;
  readonly best: GraphFiles;
  readonly averaged: GraphFiles;
}

const graphFiles = (path: string, name: string): GraphFiles => ({
  graph: join(path, `${name}.onnx`),
  predictions: join(path, `${name}.predictions.safetensors`),
});

/** The files of a run in this folder. */
export const runFolder = (path: string): RunFolder => ({
  path,
  config: join(path, "config.json"),
  checkpoint: join(path, "checkpoint.safetensors"),
  metrics: join(path, "metrics.jsonl"),
  usage: join(path, "usage.json"),
  report: join(path, "report.html"),
  last: graphFiles(path, "graph"),
  best: graphFiles(path, "best"),
  averaged: graphFiles(path, "averaged"),
});

const filesOfRun =
  /^(config\.json|metrics\.jsonl|usage\.json|report\.html|checkpoint\.safetensors|(graph|best|averaged)\.(onnx|onnx\.data|predictions\.safetensors)|events\.out\.tfevents\..*)(\.\d+\.tmp)?$/;
const isTemporary = (name: string): boolean => filesOfRun.test(name) && name.endsWith(".tmp");

const removeFiles = (path: string, isObsolete: (name: string) => boolean): void => {
  for (const name of readdirSync(path).filter(isObsolete)) rmSync(join(path, name), { force: true });
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

/** An unfinished run's work is not thrown away for a forgotten option. */
const requireFinished = ({ path, checkpoint }: RunFolder): void => {
  const progress = readProgress(checkpoint);
  if (!progress || progress.finished) return;
  throw new UserError(
    `${path}: holds a run that ended after step ${progress.steps}, before its end; go on with it: runtime train --resume --out ${path}, or delete the folder`,
  );
};

const requireOtherFolder = (path: string, source: string): void => {
  if (resolve(dirname(source)) !== resolve(path) || !filesOfRun.test(basename(source))) return;
  throw new UserError(
    `--out ${path}: the run would overwrite ${source}, the graph that it trains; name another folder`,
  );
};

/**
 * Makes the folder and takes it for this process, with an empty metrics file to prove that it can be written. What a finished
 * run left there is removed.
 * @param folder as the user gave it; else a new one under `runs/`, named after the spec
 * @param source the graph that is trained
 * @throws UserError where it cannot be made or written, or holds what is still needed
 */
export const createRunFolder = (folder: string | undefined, specName: string, source: string): RunFolder => {
  try {
    if (folder !== undefined) createFolders(folder);
    const path = folder ?? createNumbered(folderName(specName));
    const files = runFolder(path);
    requireOtherFolder(path, source);
    lockRun(path);
    if (existsSync(files.config)) {
      requireFinished(files);
      removeFiles(path, (name) => filesOfRun.test(name));
    }
    writeFileSync(files.metrics, "");
    return files;
  } catch (error) {
    throw writeFailure(join(folder ?? runs, "metrics.jsonl"), error) ?? error;
  }
};

/**
 * The folder of a run to go on with, taken for this process; files that it had begun when it was ended are removed.
 * @throws UserError where there is no run, or another process is at work on it
 */
export const openRunFolder = (path: string): RunFolder => {
  const files = runFolder(path);
  if (!existsSync(files.config)) {
    throw new UserError(`${path}: holds no run to resume; a training writes ${files.config} when it begins`);
  }
  lockRun(path);
  removeFiles(path, isTemporary);
  return files;
};
