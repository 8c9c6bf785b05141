/** Files that appear whole or not at all: written beside their target, then put in its place. */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

export interface TemporaryFile {
  readonly file: FileHandle;
  readonly path: string;
  readonly target: string;
}

export const openTemporary = async (target: string): Promise<TemporaryFile> => {
  const path = `${target}.${process.pid}.tmp`;
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

/** Puts the file in its target's place, on the disk when this returns. */
export const commit = async ({ file, path, target }: TemporaryFile): Promise<void> => {
  await file.sync();
  await file.close();
  await rename(path, target);
  await syncFolder(dirname(target));
};

/** Removes the file, if it is not in its place yet. */
export const discard = async ({ file, path }: TemporaryFile): Promise<void> => {
  await file.close().catch(() => undefined);
  await rm(path, { force: true });
};

/** Writes all the bytes, at `offset`. */
export const writeFully = async (file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> => {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
  }
};
