/** Where the reference values are: those on generated inputs in golden/, those on recorded clips beside AST_DATA. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the committed reference values. */
export const committedGoldens = fileURLToPath(new URL("../../golden", import.meta.url));

const findRecordedGoldens = (): string | undefined => {
  const dataFolder = process.env["AST_DATA"];
  if (!dataFolder) return undefined;
  const folder = join(dataFolder, "..", "golden", "public");
  return existsSync(folder) ? folder : undefined;
};

/** The folder of the reference values on recorded clips, when this machine has it. */
export const recordedGoldens = findRecordedGoldens();

/** Every folder of reference values that this machine has. */
export const goldenFolders: readonly string[] = [committedGoldens, ...(recordedGoldens ? [recordedGoldens] : [])];

/** Reads a JSON file, by its path in a folder of reference values. */
export const readGoldenJson = (folder: string, ...path: string[]): unknown =>
  JSON.parse(readFileSync(join(folder, ...path), "utf8"));
