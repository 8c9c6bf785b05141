import { readFileSync } from "node:fs";
import { readFailure } from "./read-failure.ts";

/** @throws UserError where the file cannot be read */
export const readText = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw readFailure(path, error);
  }
};
