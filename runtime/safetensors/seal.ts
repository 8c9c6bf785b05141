/**
 * A SHA-256 of the whole file in its own header, so that a file proves itself: the first entry of the metadata, at a fixed
 * place, which counts as zeros.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { UserError } from "../user-error.ts";
import { readFailure } from "../files/read-failure.ts";

/** The metadata entry of a file that is sealed later; it must be the first. */
export const blankSeal = { sha256: "0".repeat(64) } as const;

const beforeSeal = Buffer.from('{"__metadata__":{"sha256":"');

/** After the header's length. */
export const sealOffset = 8 + beforeSeal.length;
const sealEnd = sealOffset + blankSeal.sha256.length;

/** The digest that the file's first bytes name, which are then blanked; undefined where they name none. */
const takeSeal = (start: Buffer): string | undefined => {
  if (start.length < sealEnd || !start.subarray(8, sealOffset).equals(beforeSeal)) return undefined;
  const seal = start.toString("latin1", sealOffset, sealEnd);
  start.write(blankSeal.sha256, sealOffset, "latin1");
  return seal;
};

/**
 * Reads the whole file.
 * @throws UserError where a byte of it is not as it was written, or it has no seal
 */
export const requireSeal = async (path: string): Promise<void> => {
  const hash = createHash("sha256");
  let seal: string | undefined;
  let isStart = true;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
      if (isStart) seal = takeSeal(chunk as Buffer);
      isStart = false;
      hash.update(chunk as Buffer);
    }
  } catch (error) {
    throw readFailure(path, error);
  }
  if (hash.digest("hex") === seal) return;
  throw new UserError("file-damaged", { path }, "the file is damaged: its bytes are not those that were written");
};
