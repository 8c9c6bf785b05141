import { createHash } from "node:crypto";
import type { Artifact } from "../artifact/decode-artifact.ts";
import { readTensor } from "../artifact/stored-tensor.ts";

/** SHA-256 of what decides a graph's embeddings: its spec, and its weights, or the digest of the file that they are in. */
export const graphIdentity = async ({ metadata, parameters }: Artifact): Promise<string> => {
  const hash = createHash("sha256").update(metadata.specHash);
  for (const parameter of parameters) {
    const { name, storage } = parameter;
    hash.update(`\0${name}\0`);
    if (storage.kind === "external" && storage.checksum !== undefined) hash.update(storage.checksum);
    else hash.update(new Uint8Array((await readTensor(parameter)).buffer));
  }
  return hash.digest("hex");
};
