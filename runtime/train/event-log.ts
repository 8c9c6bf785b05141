/** A file of events, one JSON object per line, that a checkpoint can rely on. */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { writeFailure } from "../session/write-artifact.ts";
import { UserError } from "../user-error.ts";

export interface EventLog {
  readonly append: (event: object) => void;
  /** Puts what is appended on the disk. @returns the file's length */
  readonly sync: () => number;
  readonly close: () => void;
}

/**
 * Opens the file and cuts off what was appended after its first bytes, so that a training that goes on from a checkpoint
 * tells every event once.
 * @param keptBytes how much stays; 0 to begin anew
 * @throws UserError where the file cannot be written or has become shorter
 */
export const openEventLog = (path: string, keptBytes: number): EventLog => {
  const orFailure = <Result>(act: () => Result): Result => {
    try {
      return act();
    } catch (error) {
      throw writeFailure(path, error) ?? error;
    }
  };
  const file = orFailure(() => openSync(path, "a"));
  const { size } = fstatSync(file);
  if (size < keptBytes) {
    closeSync(file);
    throw new UserError(`${path}: has ${size} bytes, and had ${keptBytes} when the checkpoint was written; restore it`);
  }
  orFailure(() => ftruncateSync(file, keptBytes));
  let bytes = keptBytes;
  return {
    append: (event) => {
      const line = Buffer.from(`${JSON.stringify(event)}\n`);
      orFailure(() => {
        for (let done = 0; done < line.length;) done += writeSync(file, line, done);
      });
      bytes += line.length;
    },
    sync: () => {
      orFailure(() => fsyncSync(file));
      return bytes;
    },
    close: () => closeSync(file),
  };
};
