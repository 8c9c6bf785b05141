/** A click lies where it was, whatever an encoder put before it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeClip } from "../../../runtime/audio/decode-clip.ts";
import { openClip } from "../../../runtime/audio/open-clip.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { wavBytes } from "./wav-bytes.ts";

const clickSeconds = [0.5, 1.7, 2.5];

/** 2 ms to each side of a click, at its greatest in the middle. */
const pulse = (sampleRateHz: number): readonly number[] => {
  const half = Math.round(0.002 * sampleRateHz);
  return Array.from({ length: 2 * half + 1 }, (_, index) => {
    const [offset, phase] = [index - half, (Math.PI * (index - half)) / half];
    return (0.5 + 0.5 * Math.cos(phase)) * Math.cos((2 * Math.PI * 2000 * offset) / sampleRateHz);
  });
};

const clicks = (sampleRateHz: number): Buffer => {
  const samples = Array.from({ length: 3 * sampleRateHz }, () => 0);
  const wave = pulse(sampleRateHz);
  for (const seconds of clickSeconds) {
    const start = Math.round(seconds * sampleRateHz) - (wave.length - 1) / 2;
    for (const [index, value] of wave.entries()) samples[start + index] = Math.round(26_000 * value);
  }
  return wavBytes(samples, { sampleRateHz });
};

/** By how many samples of the original each click is late, of 50 ms to both sides. */
const lateness = async (path: string, originalHz: number): Promise<readonly number[]> => {
  const { samples, sampleRateHz } = await decodeClip(openClip, path);
  const wave = pulse(sampleRateHz);
  return clickSeconds.map((seconds) => {
    const start = Math.round((Math.round(seconds * originalHz) / originalHz) * sampleRateHz) - (wave.length - 1) / 2;
    const reach = Math.round(0.05 * sampleRateHz);
    let [best, late] = [0, Number.NaN];
    for (let shift = -reach; shift <= reach; shift++) {
      const likeness = wave.reduce((sum, value, index) => sum + value * (samples[start + shift + index] ?? 0), 0);
      if (likeness > best) [best, late] = [likeness, shift];
    }
    return Math.abs(Math.round((late * originalHz) / sampleRateHz));
  });
};

const has = (program: string): boolean => spawnSync(program, ["-version"]).error === undefined;
const rates = [16_000, 22_050, 44_100, 48_000] as const;
const exact = [0, 0, 0];

test.each(rates)("WAV at %i Hz", async (rate) => {
  const folder = temporaryFolder({ "clicks.wav": clicks(rate) });
  expect(await lateness(join(folder, "clicks.wav"), rate)).toEqual(exact);
});

const encodeAll = async (
  rate: number,
  encoders: Readonly<Record<string, (source: string, target: string) => readonly string[]>>,
): Promise<Readonly<Record<string, readonly number[]>>> => {
  const folder = temporaryFolder({ "clicks.wav": clicks(rate) });
  const found: Record<string, readonly number[]> = {};
  for (const [name, command] of Object.entries(encoders)) {
    const [program = "", ...args] = command(join(folder, "clicks.wav"), join(folder, name));
    const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
    expect([name, status, status === 0 ? "" : stderr]).toEqual([name, 0, ""]);
    found[name] = await lateness(join(folder, name), rate);
  }
  return found;
};

/** @param args between source and target */
const ffmpeg =
  (...args: readonly string[]) =>
  (source: string, target: string): readonly string[] => ["ffmpeg", "-y", "-v", "error", "-i", source, ...args, target];

describe.skipIf(!has("ffmpeg"))("as ffmpeg encodes it", () => {
  const encoders = {
    "clicks.flac": ffmpeg(),
    "vorbis.ogg": ffmpeg("-c:a", "libvorbis"),
    "vorbis.webm": ffmpeg("-c:a", "libvorbis"),
    "opus.ogg": ffmpeg("-c:a", "libopus"),
    "opus.webm": ffmpeg("-c:a", "libopus"),
    "constant.mp3": ffmpeg("-c:a", "libmp3lame", "-b:a", "64k"),
    "variable.mp3": ffmpeg("-c:a", "libmp3lame", "-q:a", "4"),
    "untold.mp3": ffmpeg("-c:a", "libmp3lame", "-b:a", "64k", "-write_xing", "0"),
    "layer-2.mp2": ffmpeg("-c:a", "mp2"),
    "aac.mp4": ffmpeg("-c:a", "aac"),
    "aac.m4a": ffmpeg("-c:a", "aac"),
    "alac.m4a": ffmpeg("-c:a", "alac"),
    "adts.aac": ffmpeg("-c:a", "aac"),
  };

  test.each(rates)("at %i Hz", { timeout: 60_000 }, async (rate) => {
    expect(await encodeAll(rate, encoders)).toEqual(
      Object.fromEntries(Object.keys(encoders).map((name) => [name, exact])),
    );
  });
});

describe.skipIf(!has("lame"))("as LAME encodes it", () => {
  const lame =
    (...args: readonly string[]) =>
    (source: string, target: string): readonly string[] => ["lame", "--quiet", ...args, source, target];

  test.each(rates)("at %i Hz", { timeout: 60_000 }, async (rate) => {
    const encoders = { "constant.mp3": lame("-b", "64"), "variable.mp3": lame("-V", "4"), "untold.mp3": lame("-t") };
    expect(await encodeAll(rate, encoders)).toEqual({
      "constant.mp3": exact,
      "variable.mp3": exact,
      "untold.mp3": exact,
    });
  });
});
