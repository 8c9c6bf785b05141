import { commit, discard, openTemporary } from "../../session/temporary-file.ts";
import { writeFailure } from "../../session/write-artifact.ts";
import { runFolder } from "../../train/run-folder.ts";
import { collectReport } from "./collect-report.ts";
import { renderReport } from "./render-report.ts";

const writeWhole = async (path: string, text: string): Promise<void> => {
  const temporary = await openTemporary(path);
  try {
    await temporary.file.writeFile(text);
    await commit(temporary);
  } catch (error) {
    await discard(temporary);
    throw error;
  }
};

/**
 * Writes the report of the run in this folder.
 * @returns its path
 * @throws UserError where the folder holds no run or a damaged one, or cannot be written
 */
export const writeReport = async (folder: string): Promise<string> => {
  const path = runFolder(folder).report;
  const page = renderReport(await collectReport(folder));
  try {
    await writeWhole(path, page);
  } catch (error) {
    throw writeFailure(path, error) ?? error;
  }
  return path;
};
