import { commit, discard, openTemporary } from "./temporary-file.ts";
import { writeFailure } from "./write-artifact.ts";

const replace = async (path: string, text: string): Promise<void> => {
  const temporary = await openTemporary(path);
  try {
    await temporary.file.writeFile(text);
    await commit(temporary);
  } catch (error) {
    await discard(temporary);
    throw error;
  }
};

/** @throws UserError where the file cannot be written; an earlier one is then as it was */
export const writeText = async (path: string, text: string): Promise<void> => {
  try {
    await replace(path, text);
  } catch (error) {
    throw writeFailure(path, error) ?? error;
  }
};
