/** A worker thread of the clip loader: reads the clips it is sent, one after another. */
import { parentPort, workerData } from "node:worker_threads";
import { type Reply, replyOf } from "../threads/reply.ts";
import type { ClipSource } from "./clip-source.ts";
import { type ClipRequirements, loadClip, type LoadedClip } from "./load-clip.ts";

const requirements = workerData as ClipRequirements;

parentPort?.on("message", async (source: ClipSource) => {
  const reply: Reply<LoadedClip> = await replyOf(() => loadClip(source, requirements));
  parentPort?.postMessage(reply, "value" in reply ? [reply.value.samples.buffer] : []);
});
