import { open } from "node:fs/promises";
import type { DataFile } from "./stored-tensor.ts";

/** Reads are at most 2 GiB each on Linux. */
const chunkBytes = 2 ** 30;

/** A file whose tensors are read one by one. @param size in bytes */
export const openDataFile = (path: string, size: number): DataFile => ({
  path,
  size,
  read: async (target, offset) => {
    const file = await open(path);
    try {
      for (let done = 0; done < target.length;) {
        const { bytesRead } = await file.read(target, done, Math.min(chunkBytes, target.length - done), offset + done);
        if (bytesRead === 0) throw new Error("the data file became shorter while it was read");
        done += bytesRead;
      }
    } finally {
      await file.close();
    }
  },
});
