/** `run.lock`: that a process is at work on a run. */
import { join } from "node:path";
import { releaseLock, takeLock } from "../files/process-lock.ts";
import { UserError } from "../user-error.ts";

const lockFile = (folder: string): string => join(folder, "run.lock");

/**
 * Takes the run for this process, until `unlockRun`.
 * @param folder the run's, which exists
 * @throws UserError where another process of this machine is at work on it, or the folder cannot be written
 */
export const lockRun = (folder: string): void => {
  const file = lockFile(folder);
  const pid = takeLock(file);
  if (pid === undefined) return;
  throw new UserError(
    "run-locked",
    { path: folder, pid },
    `process ${pid} is training there; wait for its end or stop it. If that is another program, delete ${file}`,
  );
};

export const unlockRun = (folder: string): void => releaseLock(lockFile(folder));

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
