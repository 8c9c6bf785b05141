import { createHash } from "node:crypto";
import { AudioFault } from "./formats/audio-fault.ts";
import { openByFfmpeg } from "./open-by-ffmpeg.ts";
import { openFile } from "./open-file.ts";
import { type OpenClip, openEncoded, openHeldClip, type OpeningTools, useStream } from "./open-held-clip.ts";

/** What ffmpeg decodes is opened by the file's path. */
const toolsFor = (path: string | undefined, note: OpeningTools["note"]): OpeningTools => {
  const tools = { note, createMd5: () => createHash("md5") };
  return {
    ...tools,
    others: "what ffmpeg decodes",
    openForeign: async (format) => {
      if (path !== undefined) return openByFfmpeg(path, format, tools);
      throw new AudioFault(
        `this is ${format.name}, which is decoded by ffmpeg, and that reads files: give the clip's path`,
      );
    },
  };
};

/** A file of the disk, or what is in memory. Of files, pipes, sockets and devices are refused, too. */
export const openClip: OpenClip = async (source, note, use) => {
  if (typeof source !== "string") return useStream(source.name, openHeldClip(source, toolsFor(undefined, note)), use);
  const file = await openFile(source);
  try {
    return await useStream(source, openEncoded(file.source, toolsFor(source, note)), use);
  } finally {
    await file.close();
  }
};
