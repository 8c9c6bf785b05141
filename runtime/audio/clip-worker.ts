/** A worker thread of the clip loader: reads the paths it is sent, one after another. */
import { parentPort, workerData } from "node:worker_threads";
import { type ClipRequirements, loadClip, type LoadedClip } from "./load-clip.ts";
import { type ThreadFailure, toThreadFailure } from "./thread-failure.ts";

/** What a worker answers. */
export type ClipReply = LoadedClip | ThreadFailure;

const requirements = workerData as ClipRequirements;

parentPort?.on("message", (path: string) => {
  const reply = (message: ClipReply, transfer: readonly ArrayBuffer[] = []) =>
    parentPort?.postMessage(message, transfer);
  loadClip(path, requirements).then(
    (clip) => reply(clip, [clip.samples.buffer]),
    (error: unknown) => reply(toThreadFailure(error)),
  );
});
