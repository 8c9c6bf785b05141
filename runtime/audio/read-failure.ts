/** Why a file of the user's cannot be read, in plain words, or the error itself where it is no such failure. */
export const readFailure = (error: unknown): string => {
  if (!(error instanceof Error) || !("code" in error)) throw error;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "there is no such file",
    ENOTDIR: "there is no such file",
    EISDIR: "this is a folder; expected a file",
    EACCES: "you have no permission to read it",
    EPERM: "you have no permission to read it",
    ERR_FS_FILE_TOO_LARGE: "the file is larger than 2 GiB",
  };
  return reasons[String(error.code)] ?? `it cannot be read (${error.message})`;
};
