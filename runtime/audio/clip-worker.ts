/** A worker thread of the clip loader: reads the paths it is sent, one after another. */
import { parentPort, workerData } from "node:worker_threads";
import { UserError } from "../user-error.ts";
import { type ClipRequirements, loadClip, type LoadedClip } from "./load-clip.ts";

/** What a worker answers. An error's class does not survive the thread boundary, so the user's own mistakes are marked. */
export type ClipReply =
  | LoadedClip
  | { readonly userError: Pick<UserError, "code" | "facts" | "sentence"> }
  | { readonly defect: unknown };

const asData = ({ code, facts, sentence }: UserError) => ({ code, facts, sentence });

const requirements = workerData as ClipRequirements;

parentPort?.on("message", (path: string) => {
  const reply = (message: ClipReply, transfer: readonly ArrayBuffer[] = []) =>
    parentPort?.postMessage(message, transfer);
  loadClip(path, requirements).then(
    (clip) => reply(clip, [clip.samples.buffer]),
    (error: unknown) => reply(error instanceof UserError ? { userError: asData(error) } : { defect: error }),
  );
});
