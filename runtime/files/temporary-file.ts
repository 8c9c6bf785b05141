/** Files that appear whole or not at all: written beside their target, then put in its place. */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { removeAbandoned, replacePair, temporaryPath } from "../../compiler/artifact/files/temporary-files.ts";

export interface TemporaryFile {
  readonly file: FileHandle;
  readonly path: string;
  readonly target: string;
}

/** Removes what dead processes left of theirs, too. */
export const openTemporary = async (target: string): Promise<TemporaryFile> => {
  removeAbandoned(target);
  const path = temporaryPath(target);
  return { file: await open(path, "w"), path, target };
};

/** Makes a renaming in the folder outlast a loss of power. Windows opens no folders, and needs none of this. */
const syncFolder = async (folder: string): Promise<void> => {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const finish = async ({ file }: TemporaryFile): Promise<void> => {
  await file.sync();
  await file.close();
};

/** Puts the file in its target's place, on the disk when this returns. */
export const commit = async (temporary: TemporaryFile): Promise<void> => {
  await finish(temporary);
  await rename(temporary.path, temporary.target);
  await syncFolder(dirname(temporary.target));
};

/** The same for a graph and its data file: no reader meets one without the other. */
export const commitPair = async (graph: TemporaryFile, data: TemporaryFile): Promise<void> => {
  await finish(data);
  await finish(graph);
  replacePair(graph.target, data.target);
  await syncFolder(dirname(graph.target));
};

/** Removes the file, if it is not in its place yet. */
export const discard = async ({ file, path }: TemporaryFile): Promise<void> => {
  await file.close().catch(() => undefined);
  await rm(path, { force: true });
};

/**
 * Writes a file, which takes its target's place when all of it is on the disk.
 * @throws the file system's error, or what `write` throws; what was there is then as it was
 */
export const replaceFile = async (
  target: string,
  write: (temporary: TemporaryFile) => Promise<void>,
): Promise<void> => {
  const temporary = await openTemporary(target);
  try {
    await write(temporary);
    await commit(temporary);
  } catch (error) {
    await discard(temporary);
    throw error;
  }
};

/** Writes all the bytes, at `offset`. */
export const writeFully = async (file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> => {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
  }
};
