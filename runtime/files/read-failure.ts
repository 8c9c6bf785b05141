import { UserError } from "../user-error.ts";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "this is a folder; expected a file",
  EACCES: "you have no permission to read it",
  EPERM: "you have no permission to read it",
  ERR_FS_FILE_TOO_LARGE: "the file is larger than 2 GiB",
};

/** What to throw where a file of the user's cannot be read: a message in plain words, or the error itself where it is another. */
export const readFailure = (path: string, error: unknown): unknown => {
  if (!(error instanceof Error) || !("code" in error)) return error;
  const system = String(error.code);
  return new UserError("file-unreadable", { path, system }, reasons[system] ?? `it cannot be read (${error.message})`);
};
