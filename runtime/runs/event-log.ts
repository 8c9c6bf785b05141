/** A file of events, one JSON object per line, that a checkpoint can rely on. */
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { writeFailure } from "../files/write-failure.ts";

export interface EventLog {
  readonly append: (event: object) => void;
  /** Puts what is appended on the disk. @returns the file's length */
  readonly sync: () => number;
  readonly close: () => void;
}

/** The length of the whole lines among a file's first bytes. */
const wholeLines = (path: string, bytes: number): number => readFileSync(path).subarray(0, bytes).lastIndexOf("\n") + 1;

/**
 * Opens the file and cuts off what was appended after its first bytes, so that a training that goes on from a checkpoint
 * tells every event once. Where the file has lost some of them, what is left stays.
 * @param keptBytes how much stays; 0 to begin anew
 * @param note told what is lost
 * @throws UserError where the file cannot be written
 */
export const openEventLog = (path: string, keptBytes: number, note: (text: string) => void): EventLog => {
  const orFailure = <Result>(act: () => Result): Result => {
    try {
      return act();
    } catch (error) {
      throw writeFailure(path, error);
    }
  };
  const file = orFailure(() => openSync(path, "a"));
  let bytes = keptBytes === 0 ? 0 : wholeLines(path, keptBytes);
  if (bytes < keptBytes) {
    note(
      `${path}: has changed since the checkpoint was written: ${keptBytes - bytes} of its ${keptBytes} bytes are lost; the training goes on, its report lacks what they told`,
    );
  }
  orFailure(() => ftruncateSync(file, bytes));
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
