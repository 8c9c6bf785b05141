import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { ClipSource } from "../../../runtime/audio/clip-source.ts";
import { type DecodedClip, decodeClip } from "../../../runtime/audio/decode-clip.ts";
import { openClip } from "../../../runtime/audio/open-clip.ts";
import { sizeNote, unendedNote } from "../../../runtime/audio/formats/audio-stream.ts";
import { sourceOfStream } from "../../../runtime/audio/formats/stream-source.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { inChunks } from "./in-chunks.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export const audioFixture = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`../../fixtures/audio/${name}`, import.meta.url)));

/** What comes of decoding: a clip, or why it is refused. */
const outcomeOf = async (source: ClipSource): Promise<DecodedClip | string> => {
  try {
    return await decodeClip(openClip, source);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.sentence;
  }
};

/** A stream is not known to its end, and ffmpeg reads none. */
const ofFilesAlone = new Set([sizeNote, unendedNote]);
const comparable = (outcome: DecodedClip | string): unknown => {
  if (typeof outcome === "string") return outcome.includes("ffmpeg") ? "for ffmpeg" : outcome;
  const { samples, sampleRateHz, notes } = outcome;
  return { samples, sampleRateHz, notes: notes.filter((note) => !ofFilesAlone.has(note)) };
};

/** Decodes a file of these bytes, and the same as a stream in chunks of uneven sizes, to the same end. */
const decodeTwice = async (bytes: Uint8Array): Promise<DecodedClip | string> => {
  const file = await outcomeOf(join(temporaryFolder({ clip: bytes }), "clip"));
  const source = sourceOfStream(inChunks(bytes, [1, 7, 1000, 3, 64, 5000]));
  expect(comparable(await outcomeOf({ name: "clip", source, raw: undefined }))).toEqual(comparable(file));
  return file;
};

/** Decodes a file of these bytes, as a stream too. */
export const decodeBytes = async (bytes: Uint8Array): Promise<DecodedClip> => {
  const decoded = await decodeTwice(bytes);
  if (typeof decoded === "string") throw new Error(decoded);
  return decoded;
};

/** Why a file of these bytes is refused, without its name; what it gives where it is not. */
export const refusalOf: (bytes: Uint8Array) => Promise<unknown> = decodeTwice;

/** An ID3v2 tag of 128 zeros, an ID3v1 tag, an APE tag without and one with a header, and Lyrics3. */
const apeBlock = (flags: number): Buffer => {
  const block = Buffer.alloc(32);
  block.write("APETAGEX", "latin1");
  [2000, 32 + apeItem.length, 1, flags].forEach((word, index) => block.writeUInt32LE(word, 8 + 4 * index));
  return block;
};
const apeItem = Buffer.from("\x05\0\0\0\0\0\0\0Title\0Hello", "latin1");
export const tags = {
  id3v2: Buffer.concat([Buffer.from("ID3\x03\0\0\0\0\x01\0", "latin1"), Buffer.alloc(128)]),
  id3v1: Buffer.from("TAG".padEnd(128, "x")),
  ape: Buffer.concat([apeItem, apeBlock(0)]),
  apeWithHeader: Buffer.concat([apeBlock(0xa000_0000), apeItem, apeBlock(0x8000_0000)]),
  lyrics: Buffer.from("LYRICSBEGININD00002110000022LYRICS200"),
} as const;
