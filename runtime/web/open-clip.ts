import { md5 } from "@noble/hashes/legacy.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { ByteStream } from "../audio/recording-source.ts";
import type { AudioTools, Md5 } from "../audio/formats/audio-stream.ts";
import { sourceOfStream } from "../audio/formats/stream-source.ts";
import { type OpenClip, openHeldClip, type OpeningTools, useStream } from "../audio/open-held-clip.ts";
import { UserError } from "../user-error.ts";
import { fetchBytes, fetchFile } from "./fetch-file.ts";

const createMd5 = (): Md5 => {
  const running = md5.create();
  return { update: (bytes) => running.update(bytes), digest: () => bytesToHex(running.digest()) };
};

const toolsFor = (note: AudioTools["note"]): OpeningTools => ({
  note,
  createMd5,
  others: "what the browser decodes",
  openForeign: ({ name }) => {
    throw new UserError(
      "audio-malformed",
      { foreign: name },
      `this is ${name}, which this browser does not decode; save the clip as WAV or FLAC`,
    );
  },
});

/** What is in memory, or what is fetched by its URL, whole. */
export const openClip: OpenClip = async (source, note, use) => {
  const held = typeof source === "string" ? { name: source, bytes: await fetchBytes(source) } : source;
  return useStream(held.name, openHeldClip(held, toolsFor(note)), use);
};

/** The same; what is fetched is heard as it comes. */
export const openRecording: OpenClip = async (source, note, use) => {
  if (typeof source !== "string") return openClip(source, note, use);
  const { body } = await fetchFile(source);
  if (body === null) throw new Error(`${source} was fetched without its content`);
  const reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> = body.getReader();
  const next: ByteStream["next"] = async () => (await reader.read()).value;
  try {
    const bytes = { name: source, source: sourceOfStream(next), raw: undefined };
    return await useStream(source, openHeldClip(bytes, toolsFor(note)), use);
  } finally {
    await reader.cancel();
  }
};
