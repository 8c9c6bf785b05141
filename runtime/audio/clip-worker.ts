/** A worker thread of the clip loader. */
import { nodeParent } from "../threads/node.ts";
import { openClip } from "./open-clip.ts";
import { serveClips } from "./serve-clips.ts";

serveClips(await nodeParent(), openClip);
