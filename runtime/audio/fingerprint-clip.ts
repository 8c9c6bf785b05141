import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { readFailure } from "../files/read-failure.ts";
import { fingerprint } from "./fingerprint.ts";

/** @throws UserError naming the file where it cannot be read */
export const fingerprintClip = async (path: string): Promise<string> => {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const read = async (place: number, length: number): Promise<Uint8Array> => {
        const piece = new Uint8Array(length);
        const { bytesRead } = await file.read(piece, 0, length, place);
        return piece.subarray(0, bytesRead);
      };
      return await fingerprint(size, read, (bytes) => createHash("sha256").update(bytes).digest("hex"));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readFailure(path, error);
  }
};
