import { readFileSync } from "node:fs";
import { saying } from "../saying.ts";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { decodeClip } from "../../../runtime/audio/decode-clip.ts";
import { openClip } from "../../../runtime/audio/open-clip.ts";
import { UserError } from "../../../runtime/user-error.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { wavBytes, wavChunk } from "./wav-bytes.ts";

const fixtures = fileURLToPath(new URL("../../fixtures/audio", import.meta.url));
const fixture = (name: string) => readFileSync(join(fixtures, name));

const decodeBytes = (bytes: Uint8Array, name = "clip.wav") =>
  decodeClip(openClip, join(temporaryFolder({ [name]: bytes }), name));

/** Runs on a file of these bytes; expects a UserError and gives its message without the folder. */
const refusal = async (bytes: Uint8Array, name = "clip.wav"): Promise<string> => {
  const folder = temporaryFolder({ [name]: bytes });
  const error: unknown = await decodeClip(openClip, join(folder, name)).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message.replace(`${folder}/`, "");
};

describe("WAV", () => {
  const cases = [
    { bits: 8, stored: [0, 1, 128, 255], expected: [-1, -127 / 128, 0, 127 / 128] },
    { bits: 16, stored: [-32_768, -1, 1, 32_767], expected: [-1, -1 / 32_768, 1 / 32_768, 32_767 / 32_768] },
    { bits: 24, stored: [-(2 ** 23), -1, 1, 2 ** 23 - 1], expected: [-1, -(2 ** -23), 2 ** -23, 1 - 2 ** -23] },
    { bits: 32, stored: [-(2 ** 31), -1, 256, 2 ** 30], expected: [-1, -(2 ** -31), 2 ** -23, 0.5] },
    { bits: 32, encoding: "float", stored: [-1.5, 0.25], expected: [-1.5, 0.25] },
    { bits: 64, encoding: "float", stored: [0.1, -0.5], expected: [Math.fround(0.1), -0.5] },
  ] as const;

  describe.each([false, true])("extensible: %s", (isExtensible) => {
    test.each(cases)("$bits bits $encoding", async ({ stored, expected, ...options }) => {
      const clip = await decodeBytes(wavBytes(stored, { ...options, isExtensible, sampleRateHz: 22_050 }));
      expect([...clip.samples]).toEqual(expected);
      expect(clip.sampleRateHz).toBe(22_050);
    });
  });

  test("channels are mixed down to their mean", async () => {
    const clip = await decodeBytes(wavBytes([32_767, -32_768, 0, 3, 6, 9], { channels: 3 }));
    expect([...clip.samples]).toEqual([Math.fround(-1 / 3 / 32_768), 6 / 32_768]);
  });

  test("other chunks are passed over, of odd length too, and the name does not matter", async () => {
    const extraChunks = Buffer.concat([wavChunk("LIST", Buffer.from("odd")), wavChunk("fact", Buffer.alloc(4))]);
    const clip = await decodeBytes(wavBytes([5], { extraChunks }), "clip.mp3");
    expect([...clip.samples]).toEqual([5 / 32_768]);
  });

  test.each([0xffff_ffff, 0x7fff_f000])(
    "a length unknown when the header was written (%d) means the rest",
    async (dataSize) => {
      const clip = await decodeBytes(wavBytes([5, 6], { dataSize }));
      expect([...clip.samples]).toEqual([5 / 32_768, 6 / 32_768]);
    },
  );

  test("a frame cut short at the end of the data chunk is left out", async () => {
    const clip = await decodeBytes(wavBytes([5, 6, 7], { channels: 2 }));
    expect(clip.samples).toHaveLength(1);
  });
});

describe("compressed formats", () => {
  /** The recording as described beside the fixtures, mixed down. */
  const sines = (sampleRateHz: number, isRounded: boolean) =>
    Float32Array.from({ length: 0.2 * sampleRateHz }, (_, index) => {
      const left = 16_000 * Math.sin((2 * Math.PI * 440 * index) / sampleRateHz);
      const right = 8000 * Math.sin((2 * Math.PI * 660 * index) / sampleRateHz);
      return ((isRounded ? Math.round(left) + Math.round(right) : left + right) + 0) / 65_536;
    });

  test.each(["sines.flac", "sines-24bit.flac", "sines-flac.ogg"])("%s is exact", async (name) => {
    const clip = await decodeClip(openClip, join(fixtures, name));
    expect(clip.sampleRateHz).toBe(16_000);
    expect(clip.samples).toEqual(sines(16_000, true));
  });

  test.each([
    { name: "sines.mp3", sampleRateHz: 16_000, tolerance: 0.0015 },
    { name: "sines-id3.mp3", sampleRateHz: 16_000, tolerance: 0.0015 },
    { name: "sines-vorbis.ogg", sampleRateHz: 16_000, tolerance: 0.005 },
    { name: "sines-opus.ogg", sampleRateHz: 48_000, tolerance: 0.005 },
  ])("$name has the recording's length and, nearly, its samples", async ({ name, sampleRateHz, tolerance }) => {
    const clip = await decodeClip(openClip, join(fixtures, name));
    expect(clip.sampleRateHz).toBe(sampleRateHz);
    const expected = sines(sampleRateHz, false);
    expect(clip.samples).toHaveLength(expected.length);
    const squares = expected.map((sample, index) => (sample - (clip.samples[index] ?? 0)) ** 2);
    expect(Math.sqrt(squares.reduce((a, b) => a + b) / squares.length)).toBeLessThan(tolerance);
  });

  test.skipIf(!process.env["AST_DATA"])("a recorded Ogg Vorbis clip of 5 s", async () => {
    const clip = await decodeClip(openClip, join(process.env["AST_DATA"] ?? "", "esc10/audio/1-100032-A.ogg"));
    expect(clip.sampleRateHz).toBe(44_100);
    expect(clip.samples).toHaveLength(220_544); // the last page's granule position
  });
});

describe("wrong input", () => {
  test("a missing file and a folder", async () => {
    const folder = temporaryFolder();
    await expect(decodeClip(openClip, join(folder, "none.wav"))).rejects.toThrow(
      saying(`${folder}/none.wav: there is no such file`),
    );
    await expect(decodeClip(openClip, folder)).rejects.toThrow(saying(`${folder}: this is a folder; expected a file`));
  });

  const corrupt = (name: string): Buffer => {
    const bytes = fixture(name);
    const middle = bytes.length >> 1;
    return bytes.fill(0x55, middle, middle + 20);
  };
  const withoutLastByte = (name: string) => fixture(name).subarray(0, -1);
  const notFinite = (value: number) => wavBytes([0, value], { encoding: "float", bits: 32 });
  const patched = (bytes: Buffer, offset: number, value: number): Buffer => {
    bytes.writeUInt16LE(value, offset);
    return bytes;
  };
  const withShortFormat = wavChunk(
    "RIFF",
    Buffer.concat([Buffer.from("WAVE"), wavChunk("fmt ", Buffer.alloc(8)), wavChunk("data", Buffer.alloc(8))]),
  );
  const notAudio =
    "this is not audio that can be read; expected WAV, AIFF, CAF, AU, FLAC, MP3, Ogg, WebM, or what ffmpeg decodes";

  test.each([
    ["an empty file", Buffer.alloc(0), "the file is empty"],
    ["text", Buffer.from("path,label\na.wav,dog\n"), notAudio],
    ["another file in Ogg", Buffer.from("OggS".padEnd(80, ".")), "the file is cut off within its last page"],
    ["no samples", wavBytes([]), "the clip has no samples"],
    ["not a number", notFinite(Number.NaN), "sample 1 is NaN; expected numbers in [-1, 1]"],
    ["infinite", notFinite(-Infinity), "sample 1 is -Infinity; expected numbers in [-1, 1]"],
    [
      "WAV cut off before its samples",
      wavBytes([1]).subarray(0, 36),
      "the file is corrupt or cut off: it has no data chunk",
    ],
    [
      "WAV cut off in its header",
      wavBytes([1]).subarray(0, 14),
      "the file is corrupt or cut off: it has no format chunk",
    ],
    ["WAV with a short format", withShortFormat, "the file is corrupt: its format chunk is too short"],
    [
      "WAV without channels",
      patched(wavBytes([1]), 22, 0),
      "the file is corrupt: its header gives 0 channels; expected 1 to 255",
    ],
    [
      "WAV of another encoding",
      patched(wavBytes([1]), 20, 17),
      "the file is corrupt: its header gives 1 channels of 16 bits in 2 bytes",
    ],
    ["an absurd rate", wavBytes([1], { sampleRateHz: 7 }), "its sample rate is 7 Hz; expected 1000 to 1000000 Hz"],
    [
      "FLAC corrupt",
      patched(fixture("sines.flac"), 26, 0x5555),
      "the file is corrupt: its samples do not match its checksum",
    ],
    [
      "FLAC of which nothing is left",
      withoutLastByte("sines.flac"),
      "the file is corrupt or cut off: its last frame is not whole",
    ],
    [
      "FLAC with fewer samples than its header promises",
      patched(fixture("sines.flac"), 24, 0x810c),
      "the file is corrupt or cut off: its header promises 3201 samples and 3200 can be decoded",
    ],
    [
      "FLAC cut off in its header",
      fixture("sines.flac").subarray(0, 30),
      "the file is corrupt or cut off: it has no FLAC stream information",
    ],
    [
      "Ogg corrupt",
      corrupt("sines-vorbis.ogg"),
      "the file is corrupt: its page at byte 58 does not match its checksum",
    ],
    ["Ogg cut off", withoutLastByte("sines-vorbis.ogg"), "the file is cut off within its last page"],
    [
      "Ogg cut off between pages",
      fixture("sines-vorbis.ogg").subarray(0, 58),
      "the file is corrupt or cut off: it has no sound after its header",
    ],
    ["MP3 cut off", withoutLastByte("sines.mp3"), "the file is cut off: its header promises 8 frames and 7 follow"],
    ["MP3 of one header", Buffer.from("fff388c40000000000000000", "hex"), notAudio],
  ])("%s", async (_, bytes, message) => {
    expect(await refusal(bytes)).toBe(`clip.wav: ${message}`);
  });
});
