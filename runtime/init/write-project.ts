/** Puts the files of a new project in their place. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { removeAbandoned, temporaryPath } from "../../compiler/artifact/files/temporary-files.ts";
import { createFolders } from "../files/create-folders.ts";
import { writeFailure } from "../files/write-failure.ts";
import { UserError } from "../user-error.ts";

/** Of Git's own folder a project may be the first content. */
const isContent = (name: string): boolean => name !== ".git";

/** What is at a place, if anything. @throws UserError where a file stands on the way to it */
const lookAt = (path: string) => {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw writeFailure(path, error);
  }
};

/** @throws UserError unless the folder is not there, or empty */
export const requireEmpty = (folder: string): void => {
  const there = lookAt(folder);
  if (there === undefined) return;
  if (!there.isDirectory())
    throw new UserError("not-a-folder", { target: folder }, `cannot write ${folder}: it is a file; name a folder`);
  const [first] = readdirSync(folder).filter(isContent).toSorted();
  if (first === undefined) return;
  throw new UserError(
    "folder-not-empty",
    { target: folder },
    `cannot begin a project in ${folder}: it holds ${first}; name a folder that is empty, or not there yet`,
  );
};

/**
 * Writes files beside their places and moves them there: a folder that is new appears whole, and one that is there gets all files or none.
 * @throws UserError where they cannot be written
 */
export const writeProject = (folder: string, files: Readonly<Record<string, string>>): void => {
  const isNew = !existsSync(folder);
  const target = isNew ? folder : join(folder, "project");
  const temporary = temporaryPath(target);
  const placed: string[] = [];
  try {
    if (isNew) createFolders(dirname(folder));
    removeAbandoned(target);
    mkdirSync(temporary);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(temporary, name), text, { flush: true });
    if (isNew) {
      renameSync(temporary, folder);
      return;
    }
    for (const name of Object.keys(files)) {
      renameSync(join(temporary, name), join(folder, name));
      placed.push(name);
    }
    rmdirSync(temporary);
  } catch (error) {
    for (const name of placed) rmSync(join(folder, name), { force: true });
    rmSync(temporary, { recursive: true, force: true });
    throw writeFailure(folder, error);
  }
};
