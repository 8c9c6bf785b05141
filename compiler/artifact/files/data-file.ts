/** The data file beside a graph. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, realpathSync } from "node:fs";
import { dirname } from "node:path";

/** What tells a data file, as ONNX has it: `checksum` among a tensor's external data is the SHA-1 of the file, in hexadecimal. */
export const createChecksum = () => createHash("sha1");

const chunkBytes = 2 ** 20;

/** The checksum of a file on the disk. @throws the file system's error */
export const checksumOf = (path: string): string => {
  const checksum = createChecksum();
  const chunk = Buffer.allocUnsafe(chunkBytes);
  const file = openSync(path, "r");
  try {
    for (let length = readSync(file, chunk); length > 0; length = readSync(file, chunk)) {
      checksum.update(chunk.subarray(0, length));
    }
  } finally {
    closeSync(file);
  }
  return checksum.digest("hex");
};

/** Whether a path is a link to a file in another folder. */
export const isLinkElsewhere = (path: string): boolean => dirname(realpathSync(path)) !== realpathSync(dirname(path));

/** Whether a data file is, when links are followed, in the folder of its graph: ONNX Runtime 1.30 opens no other. */
export const isBeside = (graph: string, data: string): boolean =>
  dirname(realpathSync(data)) === realpathSync(dirname(graph)) ||
  dirname(realpathSync(data)) === dirname(realpathSync(graph));
