import { type Reply, replyOf } from "../threads/reply.ts";
import type { Parent } from "../threads/threads.ts";
import type { ClipSource } from "./clip-source.ts";
import { type ClipRequirements, loadClip, type LoadedClip } from "./load-clip.ts";
import type { OpenClip } from "./open-held-clip.ts";

/** What a thread of the clip loader does: it reads the clips that it is sent, one after another. */
export const serveClips = (parent: Parent<ClipRequirements>, open: OpenClip): void => {
  parent.onMessage(async (source: ClipSource) => {
    const reply: Reply<LoadedClip> = await replyOf(() => loadClip(open, source, parent.data));
    parent.post(reply, "value" in reply ? [reply.value.samples.buffer] : []);
  });
};
