/** Random damage: a file is refused in words or read, and where its format has checksums never read wrongly without a word. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { decodeClip } from "../../../../runtime/audio/decode-clip.ts";
import { openClip } from "../../../../runtime/audio/open-clip.ts";
import { probeClip } from "../../../../runtime/audio/probe-clip.ts";
import { UserError } from "../../../../runtime/user-error.ts";
import { audioFixture } from "../decode-bytes.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { wavBytes } from "../wav-bytes.ts";

const rounds = 80;

/** mulberry32: whole numbers below `end`. */
const createRandom = (seed: number): ((end: number) => number) => {
  let state = seed;
  return (end) => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * end);
  };
};

/** Bits flipped, bytes cut off, put in, taken out or overwritten; half of the time within the header. */
const damage = (bytes: Buffer, random: (end: number) => number): Buffer => {
  const reach = random(2) === 0 ? Math.min(bytes.length, 200) : bytes.length;
  const at = random(reach);
  const count = 1 + random(64);
  const copy = Buffer.from(bytes);
  switch (random(5)) {
    case 0:
      for (let flip = 0; flip <= random(3); flip++) copy[random(reach)] = (copy[random(reach)] ?? 0) ^ (1 << random(8));
      return copy;
    case 1:
      return copy.subarray(0, at);
    case 2:
      return Buffer.concat([
        copy.subarray(0, at),
        Buffer.from(Array.from({ length: count }, () => random(256))),
        copy.subarray(at),
      ]);
    case 3:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + count)]);
    default:
      return copy.fill(random(2) * 255, at, at + count);
  }
};

const bytesOf = (samples: Float32Array): Uint8Array => new Uint8Array(samples.buffer);

const wave = wavBytes(Array.from({ length: 4000 }, (_, index) => Math.round(9000 * Math.sin(index / 9))));

test.each([
  ["sines.flac", audioFixture("sines.flac"), true],
  ["sines-flac.ogg", audioFixture("sines-flac.ogg"), true],
  ["sines-vorbis.ogg", audioFixture("sines-vorbis.ogg"), true],
  ["sines-opus.ogg", audioFixture("sines-opus.ogg"), true],
  ["sines.mp3", audioFixture("sines.mp3"), false],
  ["a WAV file", wave, false],
])("%s", async (_, bytes, isChecked) => {
  const path = join(temporaryFolder({ clip: bytes }), "clip");
  const { samples: right } = await decodeClip(openClip, path);
  const random = createRandom(1);
  const isRefusal = (error: unknown): boolean => error instanceof UserError;
  const wrong: string[] = [];
  for (let round = 0; round < rounds; round++) {
    writeFileSync(path, damage(bytes, random));
    const isProbed = await probeClip(path).then(() => true, isRefusal);
    const decoded = await decodeClip(openClip, path).catch((error: unknown) =>
      isRefusal(error) ? "refused" : "broken",
    );
    const isSilent = typeof decoded !== "string" && decoded.notes.length === 0;
    const isOther = isSilent && Buffer.compare(bytesOf(decoded.samples), bytesOf(right)) !== 0;
    if (!isProbed || decoded === "broken" || (isChecked && isOther)) wrong.push(`round ${round}`);
  }
  expect(wrong).toEqual([]);
});
