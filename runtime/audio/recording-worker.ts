/** The thread that reads one recording. */
import { nodeParent } from "../threads/node.ts";
import { openClip } from "./open-clip.ts";
import { serveRecording } from "./serve-recording.ts";

await serveRecording(await nodeParent(), openClip);
