/** Why a file cannot be read, by the operating system's code, or Node's. */
export const readFailures: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "this is a folder; expected a file",
  EACCES: "you have no permission to read it",
  EPERM: "you have no permission to read it",
  ERR_FS_FILE_TOO_LARGE: "the file is larger than 2 GiB",
};
