import { readFileSync } from "node:fs";
import { readFailure } from "../audio/read-failure.ts";
import { UserError } from "../user-error.ts";

/** @throws UserError where the file cannot be read */
export const readText = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UserError(`${path}: ${readFailure(error)}`);
  }
};
