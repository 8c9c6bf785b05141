import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type DecodedClip, decodeClip } from "../../../runtime/audio/decode-clip.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export const audioFixture = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`../../fixtures/audio/${name}`, import.meta.url)));

/** Decodes a file of these bytes. */
export const decodeBytes = (bytes: Uint8Array): Promise<DecodedClip> =>
  decodeClip(join(temporaryFolder({ clip: bytes }), "clip"));

/** Why a file of these bytes is refused, without its name; what it gives where it is not. */
export const refusalOf = async (bytes: Uint8Array): Promise<unknown> => {
  const folder = temporaryFolder({ clip: bytes });
  try {
    return await decodeClip(join(folder, "clip"));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.message.replace(`${folder}/clip: `, "");
  }
};

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
