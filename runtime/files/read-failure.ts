import { readFailures } from "../../compiler/artifact/files/read-failures.ts";
import { UserError } from "../user-error.ts";

/** What to throw where a file of the user's cannot be read: a message in plain words, or the error itself where it is another. */
export const readFailure = (path: string, error: unknown): unknown => {
  if (!(error instanceof Error) || !("code" in error)) return error;
  const system = String(error.code);
  return new UserError(
    "file-unreadable",
    { path, system },
    readFailures[system] ?? `it cannot be read (${error.message})`,
  );
};
