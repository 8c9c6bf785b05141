import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Where a program on the PATH lies; undefined where there is none. */
export const findProgram = async (name: string): Promise<string | undefined> => {
  const file = process.platform === "win32" ? `${name}.exe` : name;
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, file);
    // An empty entry means the folder at hand, which a clip's folder may be.
    if (folder === "") continue;
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
};
