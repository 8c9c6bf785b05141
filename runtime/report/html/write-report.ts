import { writeText } from "../../files/write-text.ts";
import { runFolder } from "../../runs/run-folder.ts";
import { collectReport } from "./collect-report.ts";
import { renderReport } from "./render-report.ts";

/**
 * Writes the report of the run in this folder.
 * @returns its path
 * @throws UserError where the folder holds no run or a damaged one, or cannot be written
 */
export const writeReport = async (folder: string): Promise<string> => {
  const path = runFolder(folder).report;
  await writeText(path, renderReport(await collectReport(folder)));
  return path;
};
