/**
 * `run.lock`: that a process is at work on a run. Two at once would write into each other's files. It holds the process's number
 * rather than a time that is renewed: onnxruntime-node 1.30 blocks the event loop while it runs, for minutes with a large model.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { isAlive } from "../../compiler/artifact/temporary-files.ts";
import { UserError } from "../user-error.ts";

const ownerSchema = v.object({ pid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)), host: v.string() });

const lockFile = (folder: string): string => join(folder, "run.lock");

const readOwner = (file: string): v.InferOutput<typeof ownerSchema> | undefined => {
  try {
    return v.parse(ownerSchema, JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
};

/** Makes the file, unless it is there. */
const tryCreate = (file: string, text: string): boolean => {
  try {
    writeFileSync(file, text, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
};

/**
 * Takes the run for this process, until `unlockRun`. What a killed process has left is taken over, and what one of another
 * machine has: whether that still runs cannot be known here.
 * @param folder the run's, which exists
 * @throws UserError where another process of this machine is at work on it
 */
export const lockRun = (folder: string): void => {
  const file = lockFile(folder);
  const text = `${JSON.stringify({ pid: process.pid, host: hostname() })}\n`;
  if (tryCreate(file, text)) return;
  const owner = readOwner(file);
  if (owner && owner.host === hostname() && owner.pid !== process.pid && isAlive(owner.pid)) {
    throw new UserError(
      `${folder}: process ${owner.pid} is training there; wait for its end or stop it. If that is another program, delete ${file}`,
    );
  }
  writeFileSync(file, text);
};

export const unlockRun = (folder: string): void => rmSync(lockFile(folder), { force: true });

/** Lets the run go where what is done with it fails. */
export const orUnlock = async <Result>(folder: string, act: () => Promise<Result>): Promise<Result> => {
  try {
    return await act();
  } catch (error) {
    unlockRun(folder);
    throw error;
  }
};
