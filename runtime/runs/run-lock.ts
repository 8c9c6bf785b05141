/**
 * `run.lock`: that a process is at work on a run. Two at once would write into each other's files. It holds the process's number
 * rather than a time that is renewed: onnxruntime-node 1.30 blocks the event loop while it runs, for minutes with a large model.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { isAlive } from "../../compiler/artifact/files/temporary-files.ts";
import { writeFailure } from "../files/write-failure.ts";
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

/**
 * @param flag `wx`: only where it is not there
 * @returns whether it was written
 * @throws UserError where it cannot be; nothing stays of it then, as of one on a full disk its name would
 */
const write = (file: string, text: string, flag: "w" | "wx"): boolean => {
  try {
    writeFileSync(file, text, { flag });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code === "ENOSPC" || code === "EDQUOT") rmSync(file, { force: true });
    throw writeFailure(file, error);
  }
};

/**
 * Takes the run for this process, until `unlockRun`. What a killed process has left is taken over, and what one of another
 * machine has: whether that still runs cannot be known here.
 * @param folder the run's, which exists
 * @throws UserError where another process of this machine is at work on it, or the folder cannot be written
 */
export const lockRun = (folder: string): void => {
  const file = lockFile(folder);
  const text = `${JSON.stringify({ pid: process.pid, host: hostname() })}\n`;
  if (write(file, text, "wx")) return;
  const owner = readOwner(file);
  if (owner && owner.host === hostname() && owner.pid !== process.pid && isAlive(owner.pid)) {
    throw new UserError(
      "run-locked",
      { path: folder, pid: owner.pid },
      `process ${owner.pid} is training there; wait for its end or stop it. If that is another program, delete ${file}`,
    );
  }
  write(file, text, "w");
};

export const unlockRun = (folder: string): void => rmSync(lockFile(folder), { force: true });

/** Lets the run go where what is done with it fails, at once or later. */
export const orUnlock = <Result>(folder: string, act: () => Result): Result => {
  const fail = (error: unknown): never => {
    unlockRun(folder);
    throw error;
  };
  try {
    const result = act();
    return result instanceof Promise ? (result.catch(fail) as Result) : result;
  } catch (error) {
    return fail(error);
  }
};
