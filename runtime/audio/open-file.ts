import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import { UserError } from "../user-error.ts";
import type { ByteSource } from "./formats/byte-source.ts";
import { readFailure } from "../files/read-failure.ts";

export interface OpenFile {
  readonly source: ByteSource;
  readonly close: () => Promise<void>;
}

/**
 * Opens a file of bytes. Pipes, sockets and devices are refused, not waited for.
 * @throws UserError naming the path
 */
export const openFile = async (path: string): Promise<OpenFile> => {
  const fail = (error: unknown): never => {
    throw readFailure(path, error);
  };
  const kind = await stat(path).catch(fail);
  if (kind.isDirectory()) throw new UserError("is-a-folder", { path }, "this is a folder; expected a file");
  if (!kind.isFile())
    throw new UserError("not-a-file", { path }, "this is a pipe, a socket or a device; expected a file");
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(fail);
  const read: ByteSource["read"] = async (offset, length) => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, kind.size - offset)));
    if (bytes.length === 0) return bytes;
    const { bytesRead } = await file.read(bytes, 0, bytes.length, offset).catch(fail);
    return bytes.subarray(0, bytesRead);
  };
  return { source: { size: kind.size, read }, close: () => file.close() };
};
