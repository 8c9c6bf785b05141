import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isAudioName } from "../../../runtime/audio/is-audio-name.ts";
import { probeClip } from "../../../runtime/audio/probe-clip.ts";
import { audioFixture } from "./decode-bytes.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { wavBytes } from "./wav-bytes.ts";

const probe = (bytes: Uint8Array) => probeClip(join(temporaryFolder({ clip: bytes }), "clip"));

test("a file's name says whether it holds sound", () => {
  expect(["a.wav", "a.b.MP3", "a.m4a", "clip.webm"].every(isAudioName)).toBe(true);
  expect(["wav", ".wav", "a.wav.txt", "labels.csv"].some(isAudioName)).toBe(false);
});

test.each([
  ["sines.flac", "FLAC, 16 bits", 16_000, 0.2],
  ["sines-24bit.flac", "FLAC, 24 bits", 16_000, 0.2],
  ["sines-flac.ogg", "Ogg FLAC, 16 bits", 16_000, 0.2],
  ["sines-vorbis.ogg", "Ogg Vorbis", 16_000, 0.2],
  ["sines-opus.ogg", "Ogg Opus", 48_000, 0.2],
  ["sines-id3.mp3", "MP3", 16_000, 0.2],
])("%s: what its header says", async (name, format, sampleRateHz, seconds) => {
  expect(await probe(audioFixture(name))).toEqual({ format, sampleRateHz, channels: 2, seconds });
});

test("of an MP3 that does not say how long it is, the frames are counted", async () => {
  expect((await probe(audioFixture("sines.mp3").subarray(432))).seconds).toBeCloseTo((8 * 576 - 1105) / 16_000, 9);
});

test("samples that are missing or broken are not looked at", async () => {
  expect(await probe(wavBytes([1, Number.NaN, 3], { encoding: "float", bits: 32 }))).toEqual({
    format: "WAV, 32-bit float",
    sampleRateHz: 16_000,
    channels: 1,
    seconds: 3 / 16_000,
  });
});

test("what is no audio, and what is no file, is named", async () => {
  const folder = temporaryFolder({ "a.wav": "no audio" });
  await expect(probeClip(join(folder, "a.wav"))).rejects.toThrow(
    `${join(folder, "a.wav")}: this is not audio that can be read; expected WAV, AIFF, CAF, AU, FLAC, MP3, Ogg, WebM, or what ffmpeg decodes`,
  );
  await expect(probeClip("/dev/zero")).rejects.toThrow(
    "/dev/zero: this is a pipe, a socket or a device; expected a file",
  );
});

test("a pipe is not waited for", async () => {
  const pipe = join(temporaryFolder(), "pipe.wav");
  expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
  await expect(probeClip(pipe)).rejects.toThrow(`${pipe}: this is a pipe, a socket or a device; expected a file`);
});
