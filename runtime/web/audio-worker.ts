/** A thread that decodes: clips one after another, or one recording. */
import { serveClips } from "../audio/serve-clips.ts";
import { type RecordingJob, serveRecording } from "../audio/serve-recording.ts";
import type { Parent } from "../threads/threads.ts";
import { openClip, openRecording } from "./open-clip.ts";
import { webParent } from "./threads.ts";

const parent = webParent();
void parent.then(async (own) => {
  if (own.module === "audio/clip-worker") serveClips(own, openClip);
  else await serveRecording(own as Parent<RecordingJob>, openRecording);
});
