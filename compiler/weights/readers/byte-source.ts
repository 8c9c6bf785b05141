/** Reads ranges of a file that must not change meanwhile; holds no open descriptor between reads. */
import { constants } from "node:buffer";
import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { readFailures } from "../../artifact/files/read-failures.ts";
import { CheckpointError } from "./checkpoint-error.ts";

export interface ByteSource {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`, in a buffer of their own. */
  readonly read: (offset: number, length: number) => Buffer;
}

/** One readSync transfers less than 2^31 bytes. */
const bytesPerCall = 2 ** 30;

const refuse = (path: string, error: unknown): never => {
  if (error instanceof CheckpointError) throw error;
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  throw new CheckpointError(path, readFailures[code] ?? `cannot be read (${code})`);
};

const withFile = <Result>(path: string, use: (descriptor: number) => Result): Result => {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    return use(descriptor);
  } catch (error) {
    return refuse(path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
};

/** Before it is opened: opening a pipe would wait for its writer. */
const inspect = (path: string): Stats => {
  try {
    return statSync(path);
  } catch (error) {
    return refuse(path, error);
  }
};

/** @throws CheckpointError where the file is missing, a directory, not readable or empty. */
export const byteSource = (path: string): ByteSource => {
  const opened = inspect(path);
  if (opened.isDirectory()) throw new CheckpointError(path, "is a directory; expected a checkpoint file");
  if (!opened.isFile()) throw new CheckpointError(path, "is not a regular file; expected a checkpoint file");
  if (opened.size === 0) throw new CheckpointError(path, "is empty (0 bytes)");
  const read = (offset: number, length: number): Buffer => {
    if (offset + length > opened.size) {
      throw new CheckpointError(
        path,
        `is truncated: ${length} bytes are expected at byte ${offset}, but the file ends at byte ${opened.size}`,
      );
    }
    if (length > constants.MAX_LENGTH) {
      throw new CheckpointError(
        path,
        `one block of ${length} bytes is more than this Node.js can hold (${constants.MAX_LENGTH})`,
      );
    }
    return withFile(path, (descriptor) => {
      const now = fstatSync(descriptor);
      if (now.size !== opened.size || now.mtimeMs !== opened.mtimeMs) {
        throw new CheckpointError(path, "changed while it was being read");
      }
      const bytes = Buffer.allocUnsafeSlow(length);
      for (let done = 0; done < length;) {
        const count = readSync(descriptor, bytes, done, Math.min(length - done, bytesPerCall), offset + done);
        if (count === 0) throw new CheckpointError(path, "changed while it was being read");
        done += count;
      }
      return bytes;
    });
  };
  return { path, size: opened.size, read };
};
