/** The folder that a training run writes to. */
import { parseTemporary } from "../../compiler/artifact/files/temporary-files.ts";
import { plural } from "../../compiler/artifact/plural.ts";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { createFolders } from "../files/create-folders.ts";
import { writeFailure } from "../files/write-failure.ts";
import { UserError } from "../user-error.ts";
import { readProgress } from "./checkpoint.ts";
import { readConfig } from "./run-config.ts";
import { lockRun, orUnlock } from "./run-lock.ts";
import type { TrainingProgress } from "./training-progress.ts";

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
  /** One JSON object per line: the clips that the run began with. */
  readonly clips: string;
  /** All that the run goes on from. */
  readonly checkpoint: string;
  /** Where the newest is damaged, all that the run goes on from. */
  readonly previousCheckpoint: string;
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
  clips: join(path, "clips.jsonl"),
  checkpoint: join(path, "checkpoint.safetensors"),
  previousCheckpoint: join(path, "checkpoint.previous.safetensors"),
  metrics: join(path, "metrics.jsonl"),
  usage: join(path, "usage.json"),
  report: join(path, "report.html"),
  last: graphFiles(path, "graph"),
  best: graphFiles(path, "best"),
  averaged: graphFiles(path, "averaged"),
});

const { path: _, last, best, averaged, ...files } = runFolder("");
const graphs = [last, best, averaged];

/** What a run calls its files, but for TensorBoard's. */
const ownNames: ReadonlySet<string> = new Set([
  ...Object.values(files),
  ...graphs.flatMap(({ graph, predictions }) => [graph, `${graph}.data`, predictions]),
]);

/** What it has come to; the others are there before its first checkpoint. */
const results: ReadonlySet<string> = new Set([
  files.report,
  files.checkpoint,
  files.previousCheckpoint,
  ...graphs.map(({ graph }) => graph),
]);

const isOfRun = (name: string): boolean => {
  const target = parseTemporary(name)?.target ?? name;
  return ownNames.has(target) || target.startsWith("events.out.tfevents.");
};

const isTemporary = (name: string): boolean => parseTemporary(name) !== undefined && isOfRun(name);

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

const progressIn = (files: RunFolder): TrainingProgress | undefined => {
  try {
    return readProgress(files);
  } catch (error) {
    if (error instanceof UserError) return undefined; // Damaged: its name will do.
    throw error;
  }
};

const isRunConfig = (path: string): boolean => {
  try {
    readConfig(path);
    return true;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
};

/** What a run has come to is not thrown away for a forgotten option, nor a config.json of something else. */
const requireNoResults = (files: RunFolder): void => {
  const { path, config } = files;
  const isForeign = (name: string): boolean => name === basename(config) && !isRunConfig(config);
  const [first, ...others] = readdirSync(path).filter((name) => results.has(name) || isForeign(name));
  if (first === undefined) return;
  const progress = progressIn(files);
  if (!progress) {
    const more = others.length > 0 ? ` and ${others.length} more ${plural(others.length, "file")}` : "";
    throw new UserError("folder-in-use", { path }, `holds ${first}${more}, which the run would replace`);
  }
  const { finished, epochs, steps } = progress;
  throw new UserError(
    "folder-holds-run",
    { path, finished, epochs, steps },
    finished
      ? `holds a finished run of ${epochs} ${plural(epochs, "epoch")}`
      : `holds a run that ended after step ${steps}, before its end`,
  );
};

const requireOtherFolder = (path: string, source: string): void => {
  if (resolve(dirname(source)) !== resolve(path) || !isOfRun(basename(source))) return;
  throw new UserError(
    "run-overwrites-graph",
    { option: "out" },
    `${path}: the run would overwrite ${source}, the graph that it trains; name another folder`,
  );
};

/**
 * Looks before long work whether a run may go there; where the folder is made, it is looked at again.
 * @throws UserError where it holds what is still needed, or cannot be read
 */
export const requireFreeFolder = (path: string, source: string, overwrite: boolean): void => {
  requireOtherFolder(path, source);
  if (overwrite || !existsSync(path)) return;
  try {
    requireNoResults(runFolder(path));
  } catch (error) {
    throw writeFailure(runFolder(path).metrics, error);
  }
};

/**
 * Makes the folder and takes it for this process, with an empty metrics file to prove that it can be written.
 * @param folder as the user gave it; else a new one under `runs/`, named after the spec
 * @param source the graph that is trained
 * @param overwrite removes what an earlier run has come to there
 * @throws UserError where it cannot be made or written, or holds what is still needed
 */
export const createRunFolder = (
  folder: string | undefined,
  specName: string,
  source: string,
  overwrite = false,
): RunFolder => {
  try {
    if (folder !== undefined) createFolders(folder);
    const path = folder ?? createNumbered(folderName(specName));
    const files = runFolder(path);
    requireOtherFolder(path, source);
    lockRun(path);
    return orUnlock(path, () => {
      if (!overwrite) requireNoResults(files);
      if (overwrite || existsSync(files.config)) removeFiles(path, isOfRun);
      writeFileSync(files.metrics, "");
      return files;
    });
  } catch (error) {
    throw writeFailure(join(folder ?? runs, "metrics.jsonl"), error);
  }
};

/**
 * The folder of a run to go on with, taken for this process; files that it had begun when it was ended are removed.
 * @throws UserError where there is no run, or another process is at work on it
 */
export const openRunFolder = (path: string): RunFolder => {
  const files = runFolder(path);
  if (!existsSync(files.config)) {
    throw new UserError(
      "not-a-run",
      { path },
      `holds no run to resume; a training writes ${files.config} when it begins`,
    );
  }
  lockRun(path);
  return orUnlock(path, () => {
    removeFiles(path, isTemporary);
    return files;
  });
};
