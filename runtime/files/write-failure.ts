import { UserError } from "../user-error.ts";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "its folder does not exist",
  ENOTDIR: "its folder is a file",
  EISDIR: "it is a folder",
  EACCES: "its folder is not writable",
  EPERM: "its folder is not writable",
  EROFS: "its file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be larger than the system allows",
};

/** What to throw where a file cannot be written: a message in plain words, or the error itself where it is not the user's to solve. */
export const writeFailure = (path: string, error: unknown): unknown => {
  const reason = reasons[String((error as NodeJS.ErrnoException).code)];
  return reason === undefined ? error : new UserError(`cannot write ${path}: ${reason}`);
};
