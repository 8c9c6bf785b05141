import { type Reply, replyOf } from "../threads/reply.ts";
import type { Parent } from "../threads/threads.ts";
import type { ClipSource } from "./clip-source.ts";
import { type ClipRequirements, loadClip, type LoadedClip } from "./load-clip.ts";
import type { OpenClip } from "./open-held-clip.ts";

/** What a thread that reads clips is sent. */
export interface ClipRequest {
  readonly source: ClipSource;
  readonly requirements: ClipRequirements;
}

/** What a thread that reads clips does: it reads those that it is sent, one after another. */
export const serveClips = (parent: Parent<unknown>, open: OpenClip): void => {
  let last = Promise.resolve();
  const read = async ({ source, requirements }: ClipRequest): Promise<void> => {
    const reply: Reply<LoadedClip> = await replyOf(() => loadClip(open, source, requirements));
    parent.post(reply, "value" in reply ? [reply.value.samples.buffer] : []);
  };
  parent.onMessage((request: ClipRequest) => {
    last = last.then(() => read(request));
  });
};
