import { dirname } from "node:path";
import { createFolders } from "../../files/create-folders.ts";
import { replaceFile, writeFully } from "../../files/temporary-file.ts";
import { writeFailure } from "../../files/write-failure.ts";

export const isPngPath = (path: string): boolean => /\.png$/i.test(path);
export const isFigurePath = (path: string): boolean => isPngPath(path) || /\.svg$/i.test(path);

/**
 * Writes a figure as its file is called: `.png`, or else SVG. It appears whole or not at all.
 * @throws UserError where it cannot be written
 */
export const writeFigure = async (path: string, svg: string): Promise<void> => {
  const bytes = isPngPath(path) ? await (await import("./render-png.ts")).renderPng(svg) : Buffer.from(svg);
  try {
    createFolders(dirname(path));
    await replaceFile(path, ({ file }) => writeFully(file, bytes, 0));
  } catch (error) {
    throw writeFailure(path, error);
  }
};
