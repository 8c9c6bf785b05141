import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { removeAbandoned, temporaryPath } from "../artifact/files/temporary-files.ts";

export interface TemporaryFile {
  readonly write: (bytes: Uint8Array) => void;
  readonly finish: () => void;
  readonly discard: () => void;
}

/** A file that is written beside `path`, until it is whole and on the disk. */
export const openTemporary = (path: string): TemporaryFile => {
  removeAbandoned(path);
  const temporary = temporaryPath(path);
  const file = openSync(temporary, "w");
  let isOpen = true;
  const close = (): void => {
    if (isOpen) closeSync(file);
    isOpen = false;
  };
  return {
    write: (bytes) => {
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
    },
    finish: () => {
      fsyncSync(file);
      close();
    },
    discard: () => {
      close();
      rmSync(temporary, { force: true });
    },
  };
};
