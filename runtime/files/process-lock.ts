/**
 * Files that say that a process is at work on what they are named after: two at once would write into each other's files. They hold
 * the process's number rather than a time that is renewed: onnxruntime-node 1.30 blocks the event loop while it runs, for minutes
 * with a large model.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import * as v from "valibot";
import { isAlive } from "../../compiler/artifact/files/temporary-files.ts";
import { writeFailure } from "./write-failure.ts";

const ownerSchema = v.object({ pid: v.pipe(v.number(), v.safeInteger(), v.minValue(1)), host: v.string() });

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
 * Takes the lock for this process, until `releaseLock`. What a killed process has left is taken over, and what one of another
 * machine has: whether that still runs cannot be known here.
 * @returns the process of this machine that has it, where one does; undefined where it is taken
 * @throws UserError where the file cannot be written
 */
export const takeLock = (file: string): number | undefined => {
  const text = `${JSON.stringify({ pid: process.pid, host: hostname() })}\n`;
  if (write(file, text, "wx")) return undefined;
  const owner = readOwner(file);
  if (owner && owner.host === hostname() && owner.pid !== process.pid && isAlive(owner.pid)) return owner.pid;
  write(file, text, "w");
  return undefined;
};

/** Lets go of a lock that this process took; one that another has taken over since stays. */
export const releaseLock = (file: string): void => {
  const owner = readOwner(file);
  if (owner && (owner.host !== hostname() || owner.pid !== process.pid)) return;
  rmSync(file, { force: true });
};
