import { nodeThreads } from "../threads/node.ts";
import { type Reply, valueOf } from "../threads/reply.ts";
import type { Artifact } from "./decode-artifact.ts";
import type { DataProof } from "./read-artifact.ts";

/**
 * Proves a graph's data files in a thread of their own, while the caller's thread is held by something else.
 * @throws UserError unless they are those that the graph was written with
 */
export const proveData = async ({ path, dataFiles }: Artifact): Promise<void> => {
  const proof: DataProof = { path, dataFiles: dataFiles.map(({ path, checksum }) => ({ path, checksum })) };
  if (proof.dataFiles.every(({ checksum }) => checksum === undefined)) return;
  const reply = await new Promise<Reply<void>>((resolve, reject) => {
    const stopped = (reason: string): void =>
      reject(new Error(`the thread that reads ${path}'s data stopped: ${reason}`));
    nodeThreads.start<Reply<void>>("artifact/data-worker", { data: proof, onMessage: resolve, onStop: stopped });
  });
  valueOf(reply);
};
