/** A sweep's folder: its files, and which sweep it belongs to. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import * as v from "valibot";
import { createFolders } from "../files/create-folders.ts";
import { releaseLock, takeLock } from "../files/process-lock.ts";
import { readText } from "../files/read-text.ts";
import { writeFailure } from "../files/write-failure.ts";
import { writeText } from "../files/write-text.ts";
import { runFolder } from "../runs/run-folder.ts";
import { countSchema, parseJson } from "../text/json.ts";
import { UserError } from "../user-error.ts";

const sweepSchema = v.object({
  variants: v.array(v.object({ variant: v.string(), seed: countSchema, digest: v.string() })),
  /** What else decides it, by the names of the options; paths as seen from the folder. */
  options: v.record(v.string(), v.union([v.string(), v.number()])),
});

/** What decides a sweep. */
export type Sweep = v.InferOutput<typeof sweepSchema>;

/** A variant with one of its seeds. */
export interface ListedGraph {
  readonly variant: string;
  readonly seed: number;
  /** The path of its graph. */
  readonly out: string;
  /** Tells it from others. */
  readonly digest: string;
}

export interface SweepFiles {
  readonly path: string;
  /** What decides it: `Sweep`. */
  readonly sweep: string;
  readonly lock: string;
  /** What came of it. */
  readonly results: string;
  /** A page for people. */
  readonly report: string;
}

export const sweepFiles = (path: string): SweepFiles => ({
  path,
  sweep: join(path, "sweep.json"),
  lock: join(path, "sweep.lock"),
  results: join(path, "results.json"),
  report: join(path, "report.html"),
});

/** Where the run of a graph goes: beside it. */
export const runOf = (graph: string): string => graph.replace(/\.onnx$/, "");

const pathOptions = new Set(["data", "labels", "evalData", "weights"]);

/** @param options of the command; those that are not given are left out */
export const describeSweep = (
  out: string,
  variants: readonly ListedGraph[],
  options: Readonly<Record<string, string | number | undefined>>,
): Sweep => ({
  variants: variants.map(({ variant, seed, digest }) => ({ variant, seed, digest })),
  options: Object.fromEntries(
    Object.entries(options).flatMap(([name, value]) => {
      if (value === undefined) return [];
      const isPath = pathOptions.has(name) && value !== "none";
      return [[name, isPath ? relative(resolve(out), resolve(String(value))) || "." : value] as const];
    }),
  ),
});

const namesOf = ({ variants }: Sweep): string => [...new Set(variants.map(({ variant }) => variant))].join(", ");
const seedsOf = ({ variants }: Sweep): string => [...new Set(variants.map(({ seed }) => seed))].join(", ");

/** In what two sweeps differ; undefined: in nothing. */
const differenceOf = (then: Sweep, now: Sweep): string | undefined => {
  const differs = (what: string, before: string, after: string): string | undefined =>
    before === after ? undefined : `${what} ${before} there, and ${after} here`;
  const changed = now.variants.find((one, index) => one.digest !== then.variants[index]?.digest);
  const names = [...new Set([...Object.keys(then.options), ...Object.keys(now.options)])];
  const name = names.find((each) => then.options[each] !== now.options[each]);
  return (
    differs("its variants are", namesOf(then), namesOf(now)) ??
    differs("its seeds are", seedsOf(then), seedsOf(now)) ??
    (changed && `the spec of ${changed.variant} has changed`) ??
    (name === undefined
      ? undefined
      : `${name} is ${then.options[name] ?? "not given"} there, and ${now.options[name] ?? "not given"} here`)
  );
};

const lookInto = (folder: string): readonly string[] => {
  try {
    return existsSync(folder) ? readdirSync(folder) : [];
  } catch (error) {
    throw writeFailure(sweepFiles(folder).sweep, error);
  }
};

const readSweep = (path: string): Sweep | undefined => {
  if (!existsSync(path)) return undefined;
  const sweep = parseJson(sweepSchema, readText(path));
  if (sweep) return sweep;
  throw new UserError("file-damaged", { path }, "the file is damaged: it does not tell of a sweep");
};

/** Its runs, each beside its graph. */
const runsIn = (out: string, { variants }: Sweep): readonly string[] =>
  variants.map(({ variant, seed }) => join(out, variant, `seed-${seed}`));

/** Whether any of its runs has begun. */
const isBegun = (out: string, sweep: Sweep): boolean =>
  runsIn(out, sweep).some((run) =>
    lookInto(run).some((name) => name === "config.json" || existsSync(runFolder(join(run, name)).config)),
  );

/** So that they are not taken for another sweep's, whose variants may be called the same. */
const removeGraphs = (out: string, sweep: Sweep): void => {
  for (const run of runsIn(out, sweep)) rmSync(`${run}.onnx`, { force: true });
};

/** Makes the folder, which is locked, the sweep's. */
const takeOver = async ({ path, sweep: record, lock }: SweepFiles, sweep: Sweep): Promise<void> => {
  const earlier = readSweep(record);
  const other = earlier ? undefined : lookInto(path).find((name) => name !== basename(lock));
  if (other !== undefined)
    throw new UserError(
      "folder-not-empty",
      { path, isSweep: true },
      `a sweep needs a folder of its own, and it holds ${other}`,
    );
  const difference = earlier && differenceOf(earlier, sweep);
  if (earlier && difference !== undefined) {
    if (isBegun(path, earlier))
      throw new UserError("sweep-changed", { path }, `belongs to another sweep: ${difference}`);
    removeGraphs(path, earlier);
  }
  await writeText(record, `${JSON.stringify(sweep, null, 2)}\n`);
};

/**
 * Takes the folder for a sweep and this process, until `closeSweep`.
 * @throws UserError where it belongs to another sweep that has begun, holds something else, or another process is at work there
 */
export const openSweep = async (out: string, sweep: Sweep): Promise<SweepFiles> => {
  const files = sweepFiles(out);
  try {
    createFolders(out);
  } catch (error) {
    throw writeFailure(files.sweep, error);
  }
  const pid = takeLock(files.lock);
  if (pid !== undefined)
    throw new UserError(
      "run-locked",
      { path: out, pid },
      `process ${pid} is at work there; wait for its end or stop it. If that is another program, delete ${files.lock}`,
    );
  try {
    await takeOver(files, sweep);
  } catch (error) {
    closeSweep(files);
    throw error;
  }
  return files;
};

export const closeSweep = ({ lock }: SweepFiles): void => releaseLock(lock);

/** Where sweeps go that name no folder. */
export const defaultFolder = (spec: string): string => {
  const name = spec.replace(/^.*[\\/]/, "").replace(/\.ts$/, "");
  return join("runs", `${name || "spec"}-sweep`);
};

/** @throws UserError where it cannot be made */
export const createFolderOf = (path: string): void => {
  try {
    createFolders(dirname(path));
  } catch (error) {
    throw writeFailure(path, error);
  }
};
