/** The thread that cuts one recording, as the thread that hears others is busy with them. */
import { parentPort, workerData } from "node:worker_threads";
import { replyOf } from "../threads/reply.ts";
import { type Cut, cutClips } from "./cut-clips.ts";

export interface CutJob {
  readonly path: string;
  readonly cuts: readonly Cut[];
}

const { path, cuts } = workerData as CutJob;
parentPort?.postMessage(await replyOf(() => cutClips(path, cuts)), []);
