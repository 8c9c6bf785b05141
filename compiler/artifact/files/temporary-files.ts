/** What stands for files while they are written, and how it takes their place. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What a file is written as, until it is whole. */
export const temporaryPath = (target: string): string => `${target}.${process.pid}.tmp`;

/** What a graph is called while it and its data file are replaced. */
const oldPath = (graph: string): string => `${graph}.${process.pid}.old.tmp`;

/** What such a name stands for, and the process that gave it; undefined for any other. */
export const parseTemporary = (name: string): { readonly target: string; readonly processId: number } | undefined => {
  const [, target, processId] = /^(.+?)\.(\d+)(?:\.old)?\.tmp$/s.exec(name) ?? [];
  return target === undefined ? undefined : { target, processId: Number(processId) };
};

/** Whether a process has ended, and is there until its parent asks how: on Linux, where a container's first process may never do so. */
const isZombie = (processId: number): boolean => {
  try {
    return /.*\) Z /s.test(readFileSync(`/proc/${processId}/stat`, "latin1"));
  } catch {
    return false;
  }
};

/** Whether a process of this machine runs. */
export const isAlive = (processId: number): boolean => {
  try {
    return process.kill(processId, 0) && !isZombie(processId);
  } catch (error) {
    // Somebody else's process may not be signalled, but is there.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};

/** Of a folder that is missing or may not be listed: none. */
const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

/** Removes what processes that have died, or an earlier one of this number, were writing to become `target`. */
export const removeAbandoned = (target: string): void => {
  const folder = dirname(target);
  for (const name of namesIn(folder)) {
    const found = parseTemporary(name);
    if (found?.target !== basename(target)) continue;
    if (found.processId !== process.pid && isAlive(found.processId)) continue;
    rmSync(join(folder, name), { recursive: true, force: true });
  }
};

/**
 * Puts a graph and its data file, whole and on the disk under their temporary names, in their places. Two files cannot be replaced
 * at once: in between there is no graph, rather than an old one that would answer with new data.
 * @throws the file system's error; what was there is then as it was
 */
export const replacePair = (graph: string, data: string): void => {
  const old = oldPath(graph);
  const hadGraph = existsSync(graph);
  if (hadGraph) renameSync(graph, old);
  try {
    renameSync(temporaryPath(data), data);
  } catch (error) {
    if (hadGraph) renameSync(old, graph);
    throw error;
  }
  renameSync(temporaryPath(graph), graph);
  rmSync(old, { force: true });
};
