import { writeFailures } from "../../compiler/artifact/files/write-failures.ts";
import { UserError } from "../user-error.ts";

/** What to throw where a file cannot be written: a message in plain words, or the error itself where it is not the user's to solve. */
export const writeFailure = (path: string, error: unknown): unknown => {
  const system = String((error as NodeJS.ErrnoException).code);
  const reason = writeFailures[system];
  return reason === undefined
    ? error
    : new UserError("file-unwritable", { target: path, system }, `cannot write ${path}: ${reason}`);
};
