import { readFile, stat } from "node:fs/promises";
import { readFailure } from "./read-failure.ts";
import { UserError } from "../user-error.ts";

/** @throws UserError where the file cannot be read, or is a pipe or a device, which might never end */
export const readBytes = async (path: string): Promise<Buffer> => {
  const fail = (error: unknown): never => {
    throw readFailure(path, error);
  };
  const stats = await stat(path).catch(fail);
  if (!stats.isFile() && !stats.isDirectory()) {
    throw new UserError("not-a-file", { path }, "this is a pipe, a socket or a device; expected a file");
  }
  return readFile(path).catch(fail);
};
