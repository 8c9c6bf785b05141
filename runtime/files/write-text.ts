import { replaceFile } from "./temporary-file.ts";
import { writeFailure } from "./write-failure.ts";

/**
 * @param text or its parts, one after the other
 * @throws UserError where the file cannot be written; an earlier one is then as it was
 */
export const writeText = async (path: string, text: string | Iterable<string>): Promise<void> => {
  try {
    await replaceFile(path, async ({ file }) => {
      for (const part of typeof text === "string" ? [text] : text) await file.appendFile(part);
    });
  } catch (error) {
    throw writeFailure(path, error);
  }
};
